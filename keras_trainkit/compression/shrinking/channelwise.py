"""Layers with weights of their own for each unit of what they read."""

import keras
import numpy as np

from keras_trainkit.backend.model.tensors import to_numpy
from keras_trainkit.compression.shrinking.linear import activated
from keras_trainkit.compression.shrinking.linear import pads
from keras_trainkit.compression.shrinking.rule import Passing
from keras_trainkit.compression.shrinking.rule import run_on_constants

_LAYERS = keras.layers
DEPTHWISE = {_LAYERS.DepthwiseConv1D, _LAYERS.DepthwiseConv2D}


class _Channelwise(Passing):
    """Slices its variables along the axis of the units."""

    def _along(self, variable):
        """The axis of a variable along which the units it reads lie."""
        raise NotImplementedError

    def smaller(self, keep):
        """The layer with the values of the units that stay."""
        (units,) = self.inputs
        kept = keep(units, units.count)
        if kept.all():
            return None
        new = type(self.layer).from_config(self.layer.get_config())
        return new, [
            np.compress(
                self._per_entry(kept, v), to_numpy(v.value), self._along(v)
            )
            for v in self.layer.variables
        ]

    def _per_entry(self, kept, variable):
        return kept


class Normalizing(_Channelwise):
    """Batch normalisation at inference: a line for each unit.

    A unit whose gamma is zero is constant, whatever comes in.
    """

    def __init__(self, step, inputs, tracing):
        (units,) = inputs
        tracing.tie_calls(id(step.operation), units, step.operation.name)
        super().__init__(
            step,
            inputs,
            tracing,
            units.axis,
            constants=_normalized(step, units),
        )

    def _along(self, variable):
        return 0


def _normalized(step, units):
    layer, found = step.operation, run_on_constants(step, [units])
    if layer.gamma is None:
        return found
    shift = 0.0 if layer.beta is None else to_numpy(layer.beta.value)
    return np.where(to_numpy(layer.gamma.value) == 0, shift, found)


class Sloped(_Channelwise):
    """PReLU, with a slope for each unit, and perhaps for each place."""

    def __init__(self, step, inputs, tracing):
        (units,) = inputs
        tracing.tie_calls(id(step.operation), units, step.operation.name)
        super().__init__(
            step, inputs, tracing, units.axis, constants=_sloped(step, units)
        )

    def _along(self, variable):
        return self.outputs[0].axis - 1


def _sloped(step, units):
    shape = step.operation.alpha.shape
    if np.prod(shape) == units.count:
        return run_on_constants(step, [units])
    # Slopes differ from place to place: what is negative does not stay equal.
    negative = np.nan_to_num(units.constants) < 0
    return np.where(negative, np.nan, units.constants)


class Depthwise(_Channelwise):
    """A convolution of each unit, with `depth_multiplier` results."""

    def __init__(self, step, inputs, tracing):
        layer, (units,) = step.operation, inputs
        tracing.tie_calls(id(layer), units, layer.name)
        self.multiplier = int(layer.depth_multiplier)
        source = np.repeat(np.arange(units.count), self.multiplier)
        super().__init__(
            step,
            inputs,
            tracing,
            units.axis,
            source,
            _convolved(layer, units.constants[source]),
        )

    def needs(self, needed):
        """Notes why a constant cannot be left out, where it pads."""
        (found,), (units,) = super().needs(needed), self.inputs
        reason = (
            f"constant, not zero, and {self.layer.name!r} pads: no bias is "
            "equal"
        )
        self.tracing.ties.pin(units.labels[found & units.known], reason)
        return [found]

    def _along(self, variable):
        return 0 if variable is self.layer.bias else -2

    def _per_entry(self, kept, variable):
        bias = variable is self.layer.bias
        return np.repeat(kept, self.multiplier) if bias else kept


def _convolved(layer, constants):
    kernel = to_numpy(layer.kernel.value).astype("float64")
    window = tuple(range(kernel.ndim - 2))
    sums = kernel.sum(window).ravel()
    empty = (kernel == 0).all(window).ravel()
    bias = 0.0 if layer.bias is None else to_numpy(layer.bias.value)
    spread = np.where(constants == 0, 0.0, np.nan if pads(layer) else constants)
    results = np.where(empty, 0.0, sums * spread) + bias
    return activated(layer, results)
