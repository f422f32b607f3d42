"""The affine map of each channel that a BatchNormalization computes."""

import dataclasses

import keras
import numpy as np

from keras_trainkit.backend.model.tensors import to_numpy
from keras_trainkit.kernels.folding import affine


class NotFoldable(Exception):
    """Why a layer stays; the message completes "it is left, since ..."."""


@dataclasses.dataclass
class ChannelMap:
    """`y = scale * x + shift` along one axis.

    Attributes:
        axis: The axis, counted from the batch, which is 0.
        scale: NumPy array, one number for each place of the axis.
        shift: The same.
    """

    axis: int
    scale: np.ndarray
    shift: np.ndarray

    def at(self, axis):
        """Returns the same map along another axis."""
        return ChannelMap(axis, self.scale, self.shift)

    def repeated(self, times, axis):
        """Returns the map with all its numbers in a row several times."""
        return ChannelMap(
            axis, np.tile(self.scale, times), np.tile(self.shift, times)
        )

    def equals(self, other):
        """Whether another map is the same."""
        return self.axis == other.axis and all(
            np.array_equal(a, b)
            for a, b in ((self.scale, other.scale), (self.shift, other.shift))
        )


def normalization_in(operation):
    """Returns the BatchNormalization that an operation is, or `None`.

    `TimeDistributed` around one is the same map, with one more axis.
    """
    if type(operation) is keras.layers.TimeDistributed:
        operation = operation.layer
    is_one = isinstance(operation, keras.layers.BatchNormalization)
    return operation if is_one else None


def map_of(operation, rank):
    """Returns the `ChannelMap` of a BatchNormalization at inference.

    Args:
        operation: A layer in which `normalization_in` finds one.
        rank: How many axes its input has.

    Raises:
        NotFoldable: If it may compute something else, or its numbers are not
            finite.
    """
    norm = normalization_in(operation)
    if type(norm) is not keras.layers.BatchNormalization:
        raise NotFoldable(
            f"it is of the class {type(norm).__name__}, which may compute "
            "something else"
        )
    scale, shift = affine(
        to_numpy(norm.moving_mean),
        to_numpy(norm.moving_variance),
        norm.epsilon,
        to_numpy(norm.gamma) if norm.scale else None,
        to_numpy(norm.beta) if norm.center else None,
    )
    if not (np.isfinite(scale).all() and np.isfinite(shift).all()):
        raise NotFoldable("its statistics or weights are not finite")
    wrapped = norm is not operation
    axis = norm.axis if norm.axis >= 0 else norm.axis + rank - wrapped
    return ChannelMap(axis + wrapped, scale, shift)
