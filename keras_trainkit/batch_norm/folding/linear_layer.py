"""A layer that can take up an affine map of its inputs or outputs."""

import functools

import keras
import numpy as np

from keras_trainkit.backend.model.tensors import to_numpy
from keras_trainkit.batch_norm.folding.channel_map import NotFoldable
from keras_trainkit.batch_norm.folding.passing import channel_axis
from keras_trainkit.batch_norm.folding.passing import is_linear
from keras_trainkit.kernels import folding

_LARGEST = {"float16": 65504.0}
_FLOAT32 = 3.4028234e38


class LinearLayer:
    """A layer with the weights that it will have, in float64.

    Args:
        operation: A layer of the graph: a `Dense` or a convolution, or a
            `TimeDistributed` around one.

    Attributes:
        operation: The same.
        core: The layer with the weights.
        weights: Dict of NumPy arrays, in the order of the layer's weights; a
            bias that it does not have is `None`.
        changes: Dict of arguments of its constructor that change.
    """

    names = ("kernel", "bias")

    def __init__(self, operation):
        """Takes a layer as it is."""
        self.operation, self.core = operation, core_of(operation)
        self.changes = {}

    @functools.cached_property
    def weights(self):
        """Read late: those of a quantized layer are no plain kernel."""
        return self._read_weights()

    def with_outputs_mapped(self, mapping, shape):
        """Returns `(weights, changes)` that map the outputs as well.

        Args:
            mapping: A `ChannelMap` of its outputs.
            shape: Their shape.

        Raises:
            NotFoldable: If no weights do so.
        """
        if not is_linear(self.core):
            raise NotFoldable(
                f"the activation of {self.operation.name!r} is in between"
            )
        self._require_plain()
        return self._checked(
            self._outputs_mapped(*self._inside(mapping, shape))
        )

    def with_inputs_mapped(self, mapping, shape):
        """Returns `(weights, changes)` that map the inputs as well.

        The arguments and errors are those of `with_outputs_mapped`.
        """
        self._require_plain()
        return self._checked(self._inputs_mapped(*self._inside(mapping, shape)))

    def _read_weights(self):
        values = {name: getattr(self.core, name, None) for name in self.names}
        return {
            name: None if value is None else to_numpy(value).astype("float64")
            for name, value in values.items()
        }

    def take_up(self, weights, changes):
        """Makes what a method above returned the weights of this layer."""
        self.weights = weights
        self.changes = {**self.changes, **changes}

    def require_shift(self, mapping):
        """Raises where a shift of the inputs is none of the outputs."""
        core, window = self.core, getattr(self.core, "kernel_size", (1,))
        padding = getattr(core, "padding", "valid")
        if padding != "valid" and max(window) > 1 and mapping.shift.any():
            raise NotFoldable(
                f"{self.operation.name!r} pads its inputs with zeros "
                f"(padding={padding!r}), and its shift is not 0"
            )

    def _outputs_mapped(self, mapping, shape):
        kernel, bias = folding.outputs_mapped(
            self.weights["kernel"],
            self.weights["bias"],
            mapping.scale,
            mapping.shift,
        )
        return {"kernel": kernel, "bias": bias}, {"use_bias": True}

    def _inputs_mapped(self, mapping, shape):
        self.require_shift(mapping)
        kernel, bias = folding.inputs_mapped(
            self.weights["kernel"],
            self.weights["bias"],
            mapping.scale,
            mapping.shift,
            getattr(self.core, "groups", 1),
        )
        return {"kernel": kernel, "bias": bias}, {"use_bias": True}

    def _inside(self, mapping, shape):
        """Returns the map and the shape as the layer in a wrapper sees them."""
        wrapped = self.core is not self.operation
        axis = mapping.axis - wrapped
        inside = (shape[0], *shape[1 + wrapped :])
        if axis < 1 or not self._has_channels(axis, inside):
            raise NotFoldable(
                f"its axis {mapping.axis} is not that of the channels of "
                f"{self.operation.name!r}"
            )
        return mapping.at(axis), inside

    def _has_channels(self, axis, shape):
        return axis == channel_axis(self.core, len(shape))

    def _require_plain(self):
        mode = getattr(self.core.dtype_policy, "quantization_mode", None)
        if mode is not None:
            raise NotFoldable(
                f"{self.operation.name!r} is quantized ({mode}): fold first, "
                "then quantize"
            )

    def _checked(self, result):
        weights, changes = result
        dtype = self.core.compute_dtype
        limit = _LARGEST.get(dtype, _FLOAT32)
        largest = max(
            np.abs(one).max(initial=0)
            for one in weights.values()
            if one is not None
        )
        if not largest <= limit and dtype != "float64":
            raise NotFoldable(
                f"the weights of {self.operation.name!r} would become as "
                f"large as {largest:.3g}, too large for {dtype}"
            )
        return weights, changes


def core_of(operation):
    """Returns the layer in a `TimeDistributed`, or the operation itself."""
    if type(operation) is keras.layers.TimeDistributed:
        return operation.layer
    return operation
