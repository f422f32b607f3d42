"""The layers whose output is linear in a kernel, and their kernels."""

import keras
import numpy as np

from keras_trainkit.kernels.norms import einsum_axes
from keras_trainkit.models.kinds import SEPARABLE
from keras_trainkit.models.kinds import TRANSPOSED
from keras_trainkit.models.kinds import core_of
from keras_trainkit.models.kinds import kind_of

_LAYERS = keras.layers
_LINEAR = ("dense", "conv")


def is_linear(layer):
    """Whether `layer`, or what it wraps, multiplies its input by a kernel."""
    return isinstance(layer, keras.Layer) and kind_of(layer) in _LINEAR


def linear_kernels(layer):
    """Returns the kernels of a linear layer, in the order of their use.

    Args:
        layer: A layer for which `is_linear` is true.

    Returns:
        List of variables; empty where the kernel is not one variable of
        floats, as with LoRA or after quantisation.
    """
    layer = core_of(layer)
    names = ("kernel",)
    if isinstance(layer, SEPARABLE):
        names = ("depthwise_kernel", "pointwise_kernel")
    found = [getattr(layer, name, None) for name in names]
    if layer.quantization_mode is not None or not all(
        isinstance(one, keras.Variable) for one in found
    ):
        return []
    return found


def drawn_kernels(layer, initializer):
    """Returns values for the kernels of a linear layer by their true fans.

    Keras takes every kernel for that of a dense layer or a convolution: the
    fans of depthwise and transposed kernels, and of those with several axes of
    units, are others (`compute_fans`,
    keras/src/initializers/random_initializers.py).

    Args:
        layer: A layer for which `is_linear` is true.
        initializer: Callable without arguments that returns a new initializer.

    Returns:
        List of arrays, one for each of `linear_kernels`.
    """
    return [
        _drawn(core_of(layer), kernel, initializer())
        for kernel in linear_kernels(layer)
    ]


def _drawn(layer, kernel, initializer):
    shape = tuple(kernel.shape)

    def draw(like):
        return keras.ops.convert_to_numpy(initializer(like, dtype="float32"))

    if isinstance(layer, _LAYERS.EinsumDense):
        return _drawn_for_einsum(layer.equation, shape, draw)
    if isinstance(layer, TRANSPOSED):
        # (window, outputs, inputs)
        return np.swapaxes(draw((*shape[:-2], shape[-1], shape[-2])), -1, -2)
    if "depthwise" in kernel.name or isinstance(
        layer, (_LAYERS.DepthwiseConv1D, _LAYERS.DepthwiseConv2D)
    ):
        # (window, inputs, multiplier): a unit sees one input.
        units = shape[-2] * shape[-1]
        return draw((*shape[:-2], 1, units)).reshape(shape)
    return draw(shape)


def _drawn_for_einsum(equation, shape, draw):
    into = einsum_axes(equation)
    order = [*into, *(axis for axis in range(len(shape)) if axis not in into)]
    fan_in = int(np.prod([shape[axis] for axis in into]))
    flat = draw((fan_in, int(np.prod(shape)) // fan_in))
    moved = flat.reshape([shape[axis] for axis in order])
    return np.transpose(moved, np.argsort(order))
