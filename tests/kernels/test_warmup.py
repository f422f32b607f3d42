import keras
import numpy as np
import pytest

from keras_trainkit.kernels.warmup import warmup_factor
from tests.helpers.arrays import to_numpy


@pytest.mark.parametrize("start", [0.0, 0.1, 1.0])
def test_the_factor_is_numpys_interpolation(start):
    steps = np.arange(12.0)
    expected = np.interp(steps, [0, 5], [start, 1.0])
    np.testing.assert_allclose(warmup_factor(steps, 5, start), expected)
    inside = warmup_factor(keras.ops.arange(12.0), 5, start, keras.ops)
    np.testing.assert_allclose(to_numpy(inside), expected, atol=1e-6)
