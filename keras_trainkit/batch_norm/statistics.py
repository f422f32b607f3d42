"""The moving statistics of a BatchNormalization, read and written."""

import keras
import numpy as np

from keras_trainkit.backend.devices.device_copies import copies
from keras_trainkit.backend.devices.device_copies import read_copies
from keras_trainkit.backend.devices.device_copies import write_copies


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
    """
    values = [mean, variance]
    if getattr(layer, "renorm", False):
        # Training derives the variance from it: `_update_renorm_statistics`,
        # keras/src/layers/normalization/batch_normalization.py
        values.append(np.sqrt(variance + layer.epsilon))
    for variable, value in zip(statistics_of(layer), values, strict=True):
        dtype = keras.backend.standardize_dtype(variable.dtype)
        one = keras.ops.convert_to_numpy(keras.ops.cast(value, dtype))
        write_copies(variable, [one] * len(copies(variable)))


def mean_and_variance(layer):
    """Returns the statistics of a layer, those of the first device."""
    return [
        np.asarray(read_copies(one)[0], "float64")
        for one in (layer.moving_mean, layer.moving_variance)
    ]
