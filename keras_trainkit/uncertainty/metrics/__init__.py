"""Measures of uncertainty, and of how far it can be trusted, in NumPy."""

from keras_trainkit.uncertainty.metrics.acquisition import bald
from keras_trainkit.uncertainty.metrics.acquisition import entropy
from keras_trainkit.uncertainty.metrics.acquisition import margin
from keras_trainkit.uncertainty.metrics.scores import brier_score
from keras_trainkit.uncertainty.metrics.scores import expected_calibration_error
from keras_trainkit.uncertainty.metrics.scores import negative_log_likelihood

__all__ = [
    "bald",
    "brier_score",
    "entropy",
    "expected_calibration_error",
    "margin",
    "negative_log_likelihood",
]
