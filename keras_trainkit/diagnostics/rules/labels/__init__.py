"""The coding and the shape of labels: the family Y."""

from keras_trainkit.diagnostics.rules.labels.coding import another_coding
from keras_trainkit.diagnostics.rules.labels.label_range import (
    labels_out_of_range,
)
from keras_trainkit.diagnostics.rules.labels.shapes import another_shape

__all__ = [
    "another_coding",
    "another_shape",
    "labels_out_of_range",
]
