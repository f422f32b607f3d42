import numpy as np
import pytest

from keras_trainkit.kernels.as_written import as_written


@pytest.mark.parametrize("value", [0.1, 3e-4, 1e-7, 2.5, 0.0, 12345.0])
def test_float32_comes_back_as_it_was_written(value):
    assert as_written(np.float32(value)) == value
    assert as_written(float(np.float32(value))) == value
    assert as_written(np.asarray(value, "float32")) == value
