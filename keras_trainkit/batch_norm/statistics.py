"""The moving statistics of a BatchNormalization, read and written."""

import keras
import numpy as np

from keras_trainkit.backend.devices.device_copies import copies
from keras_trainkit.backend.devices.device_copies import read_copies
from keras_trainkit.backend.devices.device_copies import write_copies
from keras_trainkit.kernels.argument_checks import bad_value


def statistics_of(layer):
    """Returns the variables that hold the statistics of a layer, as a list."""
    found = [layer.moving_mean, layer.moving_variance]
    if getattr(layer, "renorm", False):
        found.append(layer.moving_stddev)
    return found


def assign_statistics(layer, mean, variance):
    """Gives a layer a mean and a variance, on every device.

    Args:
        layer: A built `keras.layers.BatchNormalization`.
        mean: Array of shape `(channels,)`.
        variance: Array of the same shape.

    Raises:
        ValueError: Where the dtype of the layer's variables cannot hold them.
    """
    values = [mean, variance]
    if getattr(layer, "renorm", False):
        # Training derives the variance from it: `_update_renorm_statistics`,
        # keras/src/layers/normalization/batch_normalization.py
        values.append(np.sqrt(variance + layer.epsilon))
    pairs = [
        (variable, _as_held(layer, variable, value))
        for variable, value in zip(statistics_of(layer), values, strict=True)
    ]
    for variable, value in pairs:
        write_copies(variable, [value] * len(copies(variable)))


def _as_held(layer, variable, value):
    dtype = keras.backend.standardize_dtype(variable.dtype)
    with np.errstate(over="ignore"):
        held = keras.ops.convert_to_numpy(keras.ops.cast(value, dtype))
    if not np.isfinite(np.asarray(held, "float64")).all():
        raise bad_value(
            "model",
            f"{layer.name}: {variable.name} up to {np.max(np.abs(value)):.3g} "
            f"in {dtype}",
            "one whose statistics fit into the dtype of their variables",
            "Scale the inputs of this layer, or give it a policy with float32 "
            "variables, such as 'mixed_float16'.",
        )
    return held


def mean_and_variance(layer):
    """Returns the statistics of a layer, those of the first device."""
    return [
        np.asarray(read_copies(one)[0], "float64")
        for one in (layer.moving_mean, layer.moving_variance)
    ]
