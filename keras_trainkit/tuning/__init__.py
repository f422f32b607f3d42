"""Recipes that find hyperparameters."""

from keras_trainkit.tuning.find_learning_rate import find_learning_rate

__all__ = ["find_learning_rate"]
