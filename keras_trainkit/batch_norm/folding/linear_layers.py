"""The kinds of layers that can take up an affine map of each channel."""

import keras

from keras_trainkit.batch_norm.folding.channel_map import NotFoldable
from keras_trainkit.batch_norm.folding.einsum_layer import EinsumLayer
from keras_trainkit.batch_norm.folding.linear_layer import LinearLayer
from keras_trainkit.batch_norm.folding.linear_layer import core_of
from keras_trainkit.kernels import folding

_LAYERS = keras.layers


class TransposedLayer(LinearLayer):
    """A transposed convolution."""

    def _outputs_mapped(self, mapping, shape):
        kernel, bias = folding.outputs_mapped(
            self.weights["kernel"],
            self.weights["bias"],
            mapping.scale,
            mapping.shift,
            axis=-2,
        )
        return {"kernel": kernel, "bias": bias}, {"use_bias": True}

    def _inputs_mapped(self, mapping, shape):
        if mapping.shift.any():
            raise NotFoldable(
                f"{self.operation.name!r} is transposed: not all of its "
                "outputs read as many inputs, and its shift is not 0"
            )
        kernel = folding.transposed_inputs_scaled(
            self.weights["kernel"], mapping.scale
        )
        return {**self.weights, "kernel": kernel}, {}


class DepthwiseLayer(LinearLayer):
    """A depthwise convolution."""

    def _outputs_mapped(self, mapping, shape):
        return self._mapped(folding.depthwise_outputs_mapped, mapping)

    def _inputs_mapped(self, mapping, shape):
        self.require_shift(mapping)
        return self._mapped(folding.depthwise_inputs_mapped, mapping)

    def _mapped(self, compute, mapping):
        kernel, bias = compute(
            self.weights["kernel"],
            self.weights["bias"],
            mapping.scale,
            mapping.shift,
        )
        return {"kernel": kernel, "bias": bias}, {"use_bias": True}


class SeparableLayer(LinearLayer):
    """A separable convolution: a depthwise one, then a pointwise one."""

    names = ("depthwise_kernel", "pointwise_kernel", "bias")

    def _outputs_mapped(self, mapping, shape):
        kernel, bias = folding.outputs_mapped(
            self.weights["pointwise_kernel"],
            self.weights["bias"],
            mapping.scale,
            mapping.shift,
        )
        changed = {"pointwise_kernel": kernel, "bias": bias}
        return {**self.weights, **changed}, {"use_bias": True}

    def _inputs_mapped(self, mapping, shape):
        self.require_shift(mapping)
        kernel, bias = folding.separable_inputs_mapped(
            *self.weights.values(), mapping.scale, mapping.shift
        )
        changed = {"depthwise_kernel": kernel, "bias": bias}
        return {**self.weights, **changed}, {"use_bias": True}


_CLASSES = {
    _LAYERS.Conv1D: LinearLayer,
    _LAYERS.Conv2D: LinearLayer,
    _LAYERS.Conv3D: LinearLayer,
    _LAYERS.Dense: LinearLayer,
    _LAYERS.Conv1DTranspose: TransposedLayer,
    _LAYERS.Conv2DTranspose: TransposedLayer,
    _LAYERS.Conv3DTranspose: TransposedLayer,
    _LAYERS.DepthwiseConv1D: DepthwiseLayer,
    _LAYERS.DepthwiseConv2D: DepthwiseLayer,
    _LAYERS.SeparableConv1D: SeparableLayer,
    _LAYERS.SeparableConv2D: SeparableLayer,
    _LAYERS.EinsumDense: EinsumLayer,
}


def linear_layer(operation):
    """Returns the `LinearLayer` of an operation, or `None` if it is none.

    A subclass of a layer of Keras may compute something else: it is none.
    """
    kind = _CLASSES.get(type(core_of(operation)))
    return None if kind is None else kind(operation)
