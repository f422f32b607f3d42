"""The variables that hold a layer's statistics."""

import keras
import numpy as np
import pytest

from keras_trainkit.batch_norm.statistics import assign_statistics
from keras_trainkit.batch_norm.statistics import mean_and_variance
from keras_trainkit.batch_norm.statistics import statistics_of


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_what_is_assigned_is_read(dtype):
    layer = keras.layers.BatchNormalization(dtype=dtype)
    layer.build((None, 3))
    mean, variance = np.array([1.0, -2.0, 0.5]), np.array([4.0, 1.0, 0.25])
    assign_statistics(layer, mean, variance)
    np.testing.assert_equal(mean_and_variance(layer), [mean, variance])
    held = statistics_of(layer)
    assert held[0] is layer.moving_mean
    assert held[1] is layer.moving_variance
