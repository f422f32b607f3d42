"""Recipes that find hyperparameters."""

from keras_trainkit.scheduling.learning_rate_search import LearningRateSearch
from keras_trainkit.tuning.find_learning_rate import find_learning_rate

__all__ = ["LearningRateSearch", "find_learning_rate"]
