"""Recipes that find hyperparameters."""

from keras_trainkit.scheduling.learning_rate_search import LearningRateSearch
from keras_trainkit.tuning.batch_size_curve import batch_size_curve
from keras_trainkit.tuning.batch_size_points import BatchSizeCurve
from keras_trainkit.tuning.find_batch_size import BatchSizeSearch
from keras_trainkit.tuning.find_batch_size import find_batch_size
from keras_trainkit.tuning.find_learning_rate import find_learning_rate

__all__ = [
    "BatchSizeCurve",
    "BatchSizeSearch",
    "LearningRateSearch",
    "batch_size_curve",
    "find_batch_size",
    "find_learning_rate",
]
