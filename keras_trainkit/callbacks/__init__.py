"""Callbacks: they say when; what happens lies below."""

from keras_trainkit.callbacks.fine_tuning import FineTuning
from keras_trainkit.callbacks.hyperparameter_schedule import (
    HyperparameterSchedule,
)
from keras_trainkit.callbacks.learning_rate_finder import LearningRateFinder
from keras_trainkit.callbacks.mc_evaluation import MCEvaluation
from keras_trainkit.callbacks.one_cycle import OneCycle
from keras_trainkit.callbacks.raise_lr_on_plateau import RaiseLROnPlateau

__all__ = [
    "FineTuning",
    "HyperparameterSchedule",
    "LearningRateFinder",
    "MCEvaluation",
    "OneCycle",
    "RaiseLROnPlateau",
]
