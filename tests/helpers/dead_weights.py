"""Models with random weights, and layers whose units have died."""

import keras
import numpy as np

from tests.helpers.arrays import to_numpy


def filled(model, seed=0):
    """Gives all weights of a model random values; variances are positive."""
    draws = np.random.default_rng(seed)
    for weight in model.weights:
        if "int" in str(weight.dtype) or "seed" in weight.path:
            continue
        values = draws.normal(scale=0.5, size=weight.shape)
        positive = "variance" in weight.path
        weight.assign(np.abs(values) + 0.5 if positive else values)
    return model


def kill(layer, units, bias=0.0):
    """Makes some units of a layer constant: no weights, a bias.

    Of a BatchNormalization the scale is the weight.
    """
    normalizes = isinstance(layer, keras.layers.BatchNormalization)
    _set(layer.gamma if normalizes else _kernel(layer), units, 0.0, layer)
    offset = layer.beta if normalizes else layer.bias
    if offset is not None:
        _set(offset, units, bias, layer)


def outputs(model, x):
    """Returns the outputs of a model at inference, flat, as arrays."""
    results = keras.tree.flatten(model(x, training=False))
    return [to_numpy(one) for one in results]


def inputs_of(model, rows=3, seed=1):
    """Returns random inputs of a model, one array for each."""
    draws = np.random.default_rng(seed)
    arrays = [
        draws.normal(size=(rows, *one.shape[1:])).astype("float32")
        for one in model.inputs
    ]
    return arrays[0] if len(arrays) == 1 else arrays


def _kernel(layer):
    if hasattr(layer, "pointwise_kernel"):
        return layer.pointwise_kernel
    return layer.kernel


def _set(variable, units, value, layer):
    values = np.array(to_numpy(variable.value))
    transposed = "Transpose" in type(layer).__name__ and values.ndim > 1
    if transposed:
        values[..., units, :] = value
    else:
        values[..., units] = value
    variable.assign(values)
