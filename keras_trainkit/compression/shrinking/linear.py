"""Layers whose units are weighted sums of their inputs."""

import keras
import numpy as np

from keras_trainkit.backend.model.tensors import to_numpy
from keras_trainkit.compression.shrinking.elementwise import (
    is_elementwise_function,
)
from keras_trainkit.compression.shrinking.rule import Rule
from keras_trainkit.compression.shrinking.rule import only_known
from keras_trainkit.compression.shrinking.units import Units
from keras_trainkit.compression.shrinking.units import unknown
from keras_trainkit.kernels.sparsity import dead_units
from keras_trainkit.models.kinds import SEPARABLE
from keras_trainkit.models.kinds import TRANSPOSED
from keras_trainkit.models.kinds import WITH_UNITS

_LAYERS = keras.layers
LINEAR = set(WITH_UNITS)


def channels_axis(layer, rank):
    """Returns the axis along which the units of a layer's tensors lie."""
    first = getattr(layer, "data_format", None) == "channels_first"
    return 1 if first else rank - 1


def pads(layer):
    """Whether a convolution reads zeros over the border of its input."""
    if isinstance(layer, _LAYERS.Dense):
        return False
    wide = any(size > 1 for size in layer.kernel_size)
    return wide and layer.padding != "valid"


def activated(layer, values):
    """Returns the activation of constant sums, in the layer's dtype."""
    known = ~np.isnan(values)
    if layer.activation is None or not known.any():
        return values
    tensor = keras.ops.convert_to_tensor(
        np.nan_to_num(values), dtype=layer.compute_dtype
    )
    result = to_numpy(layer.activation(tensor))
    return only_known(result.astype("float64"), known)


class Linear(Rule):
    """A dense layer or a convolution: units of its own, weights to inputs.

    An input that is constant goes into the bias, where every place of the
    output gets the same: not in a convolution that pads, nor in a transposed
    one, nor where the layer is called several times; zero can go anywhere.

    Attributes:
        units: The `Units` that the layer makes, also where they cannot go.
        dead: After `needs`: Booleans, those that are constant or not needed.
    """

    def __init__(self, step, inputs, tracing):
        super().__init__(step, inputs, tracing)
        layer, key = self.layer, id(step.operation)
        separable = isinstance(layer, SEPARABLE)
        self.kernels = (_Separable if separable else _Plain)(layer)
        (units,) = inputs
        tracing.tie_calls(key, units, layer.name)
        self.reads = self.kernels.reads()
        self.bias = None if layer.bias is None else to_numpy(layer.bias.value)
        self.holds = not (pads(layer) or isinstance(layer, TRANSPOSED))
        first = tracing.seen.setdefault((key, "made"), [])
        count = self.reads.shape[1]
        labels = first[0].labels if first else tracing.ties.fresh(count)
        axis = channels_axis(layer, len(step.specs[0].shape))
        self.units = Units(axis, labels, self._made(units))
        first.append(self.units)
        self.outputs = [self.units]
        if not is_elementwise_function(layer.activation):
            self.outputs = [None]
            self.units.constants = unknown(count)
            tracing.ties.pin(labels, f"{layer.name!r} mixes them afterwards")
        self.dead = np.zeros(count, bool)

    @property
    def groups(self):
        """The groups of the convolution, 1 for other layers."""
        return self.kernels.groups

    def _constant(self, units):
        """Which inputs add the same to a unit at every place."""
        if units is None:
            return np.zeros(len(self.reads), bool)
        return units.known if self.holds else units.constants == 0

    def _folded(self):
        """Which inputs the bias can hold: the same constants in all calls."""
        first, *others = self.tracing.seen[id(self.layer)]
        folded = self._constant(first)
        for units in others:
            if first is None or units is None:
                return np.zeros(len(self.reads), bool)
            folded = folded & (units.constants == first.constants)
        return folded

    def _made(self, units):
        known = self._constant(units)
        constant = ~self.reads[~known].any(0)
        sums = np.zeros(len(constant)) if self.bias is None else self.bias
        if units is not None:
            found = np.where(known, units.constants, np.nan)
            sums = sums + self.kernels.weighted_sum(found)
        return activated(self.layer, np.where(constant, sums, np.nan))

    def needs(self, needed):
        """Those with a weight that is not zero to a unit that is needed."""
        self.dead = ~needed[0] | self.units.known
        (units,) = self.inputs
        if units is None:
            return [None]
        # A constant that stays is computed from the constants it came from,
        # which another call of the layer may not have.
        wanted = needed[0] | self.units.known
        found = dead_units.needed_inputs(self.reads, wanted, self._folded())
        constant = units.labels[found & units.known]
        self.tracing.ties.pin(constant, self._why_not())
        return [found]

    def _why_not(self):
        name = repr(self.layer.name)
        if self.holds:
            return f"{name} reads other values in another call"
        return f"constant, not zero, and {name} pads: no bias is equal"

    def smaller(self, keep):
        """The layer with smaller kernels, constants in its bias."""
        (units,) = self.inputs
        rows = keep(units, len(self.reads))
        columns = keep(self.units, self.reads.shape[1])
        if rows.all() and columns.all():
            return None
        added = np.zeros(len(columns))
        if units is not None:
            gone = ~rows & self._folded()
            constants = np.where(gone, units.constants, np.nan)
            added = self.kernels.weighted_sum(constants)
        config = self.layer.get_config()
        size = "units" if "units" in config else "filters"
        config[size] = int(columns.sum())
        values = self.kernels.kept(rows, columns)
        if self.bias is not None or added[columns].any():
            config["use_bias"] = True
            old = 0.0 if self.bias is None else self.bias.astype("float64")
            values.append((old + added)[columns])
        return type(self.layer).from_config(config), values


class _Plain:
    """One kernel, `(*window, inputs / groups, units)`."""

    def __init__(self, layer):
        kernel = to_numpy(layer.kernel.value)
        self._swapped = isinstance(layer, TRANSPOSED)
        self._kernel = kernel.swapaxes(-1, -2) if self._swapped else kernel
        self.groups = int(getattr(layer, "groups", 1))

    def reads(self):
        return dead_units.reads(self._kernel, self.groups)

    def weighted_sum(self, constants):
        return dead_units.weighted_sum(self._kernel, constants, self.groups)

    def kept(self, rows, columns):
        kernel = dead_units.kept_kernel(
            self._kernel, rows, columns, self.groups
        )
        return [kernel.swapaxes(-1, -2) if self._swapped else kernel]


class _Separable:
    """A depthwise kernel and a pointwise one."""

    groups = 1

    def __init__(self, layer):
        self._depthwise = to_numpy(layer.depthwise_kernel.value)
        self._pointwise = to_numpy(layer.pointwise_kernel.value)

    def reads(self):
        return dead_units.separable_reads(self._depthwise, self._pointwise)

    def weighted_sum(self, constants):
        return dead_units.separable_sum(
            self._depthwise, self._pointwise, constants
        )

    def kept(self, rows, columns):
        inner = np.repeat(rows, self._depthwise.shape[-1])
        pointwise = dead_units.kept_kernel(self._pointwise, inner, columns)
        return [self._depthwise[..., rows, :], pointwise]
