"""Optimizer, rate, epochs and batches: the family O."""

from keras_trainkit.diagnostics.rules.updates.batches import batches_of_one
from keras_trainkit.diagnostics.rules.updates.learning_rate import learning_rate
from keras_trainkit.diagnostics.rules.updates.linear_reach import linear_reach
from keras_trainkit.diagnostics.rules.updates.optimizer import no_clipping
from keras_trainkit.diagnostics.rules.updates.training_length import (
    too_few_updates,
)

__all__ = [
    "batches_of_one",
    "learning_rate",
    "linear_reach",
    "no_clipping",
    "too_few_updates",
]
