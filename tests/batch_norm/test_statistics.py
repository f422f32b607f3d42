"""The variables that hold a layer's statistics."""

import keras
import numpy as np
import pytest

from keras_trainkit.batch_norm import refresh
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


def test_what_a_dtype_cannot_hold_is_refused():
    keras.utils.set_random_seed(0)
    layer = keras.layers.BatchNormalization(dtype="float16", name="norm")
    model = keras.Sequential([keras.Input((3,)), layer])
    x = np.random.default_rng(0).normal(scale=300, size=(64, 3))
    before = mean_and_variance(layer)
    with pytest.raises(
        ValueError, match=r"norm: moving_variance up to .* in float16"
    ):
        refresh(model, x, verbose=0)
    np.testing.assert_equal(mean_and_variance(layer), before)
    refresh(model, x / 100, verbose=0)
    assert np.isfinite(mean_and_variance(layer)).all()
