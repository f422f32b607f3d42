"""What a training itself shows, concluded from its symptoms: the family D."""

from keras_trainkit.diagnostics.rules.training.curves import too_slow
from keras_trainkit.diagnostics.rules.training.generalization import overfits
from keras_trainkit.diagnostics.rules.training.known_before import (
    in_spite_of_an_error,
)
from keras_trainkit.diagnostics.rules.training.layers import dead_units
from keras_trainkit.diagnostics.rules.training.no_progress import not_finite
from keras_trainkit.diagnostics.rules.training.outputs import one_answer

__all__ = [
    "dead_units",
    "in_spite_of_an_error",
    "not_finite",
    "one_answer",
    "overfits",
    "too_slow",
]
