"""Layers that move, repeat or pool what they read."""

import math

import keras
import numpy as np

from keras_trainkit.compression.shrinking.linear import channels_axis
from keras_trainkit.compression.shrinking.rule import Passing

_LAYERS = keras.layers
POOLING = {
    _LAYERS.AveragePooling1D,
    _LAYERS.AveragePooling2D,
    _LAYERS.AveragePooling3D,
    _LAYERS.MaxPooling1D,
    _LAYERS.MaxPooling2D,
    _LAYERS.MaxPooling3D,
    _LAYERS.Cropping1D,
    _LAYERS.Cropping2D,
    _LAYERS.Cropping3D,
    _LAYERS.UpSampling1D,
    _LAYERS.UpSampling2D,
    _LAYERS.UpSampling3D,
}
PADDING = {
    _LAYERS.ZeroPadding1D,
    _LAYERS.ZeroPadding2D,
    _LAYERS.ZeroPadding3D,
}
GLOBAL_POOLING = {
    _LAYERS.GlobalAveragePooling1D,
    _LAYERS.GlobalAveragePooling2D,
    _LAYERS.GlobalAveragePooling3D,
    _LAYERS.GlobalMaxPooling1D,
    _LAYERS.GlobalMaxPooling2D,
    _LAYERS.GlobalMaxPooling3D,
}


def reshaping(step, inputs, tracing):
    """Returns the rule of a step that moves its units about.

    Args:
        step: The `Step`.
        inputs: List of one `Units`.
        tracing: The `Tracing`.

    Returns:
        A `Rule`, or `None` for a step of another kind, or one that mixes
        units.
    """
    kind, (units,) = type(step.operation), inputs
    shape = tuple(step.node.input_tensors[0].shape)
    along = units.axis == channels_axis(step.operation, len(shape))
    if kind in POOLING and along:
        return Passing(step, inputs, tracing, units.axis)
    if kind in PADDING and along:
        # Around a constant there is zero, inside it is.
        border = np.where(units.constants == 0, 0.0, np.nan)
        return Passing(step, inputs, tracing, units.axis, constants=border)
    if kind in GLOBAL_POOLING and along:
        axis = units.axis if step.operation.keepdims else 1
        return Passing(step, inputs, tracing, axis)
    if kind is _LAYERS.Permute:
        axis = 1 + list(step.operation.dims).index(units.axis)
        return Passing(step, inputs, tracing, axis)
    if kind is _LAYERS.RepeatVector:
        return Passing(step, inputs, tracing, 2)
    if kind is _LAYERS.Flatten and None not in shape[1:]:
        first = step.operation.data_format == "channels_first"
        return Passing(step, inputs, tracing, 1, _flat(units, shape, first))
    if kind is _LAYERS.Reshape and None not in shape[1:]:
        return _reshape(step, inputs, tracing, shape)
    return None


def _reshape(step, inputs, tracing, shape):
    (units,), new = inputs, tuple(step.specs[0].shape)
    if len(new) == 2:
        source = _flat(units, shape, False)
        return _Reshape(step, inputs, tracing, 1, source)
    if units.axis == len(shape) - 1 and new[-1] == shape[-1]:
        return _Reshape(step, inputs, tracing, len(new) - 1)
    return None


class _Reshape(Passing):
    """A `Reshape`, whose configuration holds how many units there are."""

    def __init__(self, step, inputs, tracing, axis, source=None):
        layer = step.operation
        tracing.tie_calls(id(layer), inputs[0], layer.name)
        super().__init__(step, inputs, tracing, axis, source)

    def smaller(self, keep):
        """The layer for as many units as stay."""
        (units,) = self.outputs
        kept = keep(units, units.count)
        if kept.all():
            return None
        config = self.layer.get_config()
        *others, last = config["target_shape"]
        last = -1 if last == -1 else int(kept.sum())
        config["target_shape"] = (*others, last)
        return type(self.layer).from_config(config), []


def _flat(units, shape, channels_first):
    """Returns the unit of each element, in the order of a flat tensor."""
    sizes = [1] * (len(shape) - 1)
    sizes[units.axis - 1] = units.count
    places = np.arange(units.count).reshape(sizes)
    full = np.broadcast_to(places, shape[1:])
    if channels_first:
        # Flatten puts them last, keras/src/layers/reshaping/flatten.py
        full = np.moveaxis(full, 0, -1)
    return full.reshape(math.prod(shape[1:]))
