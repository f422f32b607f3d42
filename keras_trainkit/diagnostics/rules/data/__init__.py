"""What the data look like: the family X."""

from keras_trainkit.diagnostics.rules.data.inputs import not_finite
from keras_trainkit.diagnostics.rules.data.linear_limit import beyond_a_layer
from keras_trainkit.diagnostics.rules.data.rows import unlike_lengths
from keras_trainkit.diagnostics.rules.data.targets import unscaled_targets

__all__ = [
    "beyond_a_layer",
    "not_finite",
    "unlike_lengths",
    "unscaled_targets",
]
