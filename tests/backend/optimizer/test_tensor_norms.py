"""Norms of many tensors against NumPy's."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.optimizer.tensor_norms import all_finite
from keras_trainkit.backend.optimizer.tensor_norms import differences
from keras_trainkit.backend.optimizer.tensor_norms import squared_norms
from keras_trainkit.backend.optimizer.tensor_norms import values_of
from tests.helpers.arrays import to_numpy

ARRAYS = [np.arange(6.0).reshape(2, 3), np.full((4,), -2.0), np.array(3.0)]


def tensors(dtype):
    return [keras.ops.convert_to_tensor(a, dtype) for a in ARRAYS]


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_squares_are_summed_tensor_by_tensor(dtype):
    found = to_numpy(squared_norms(tensors(dtype)))
    np.testing.assert_allclose(found, [55.0, 16.0, 9.0], rtol=1e-6)
    assert found.dtype == "float32"


def test_half_precision_does_not_overflow():
    wide = keras.ops.convert_to_tensor(np.full(8, 3e4), "float16")
    np.testing.assert_allclose(
        to_numpy(squared_norms([wide])), [8 * 9e8], rtol=1e-3
    )


def test_values_stay_when_the_variable_changes():
    variable = keras.Variable(ARRAYS[0])
    before = values_of([variable])
    variable.assign_add(np.ones((2, 3)))
    np.testing.assert_array_equal(to_numpy(before[0]), ARRAYS[0])
    [change] = differences([variable.value], before)
    np.testing.assert_array_equal(to_numpy(change), np.ones((2, 3)))


FINITE = {
    "finite": (ARRAYS, True),
    "nan": ([*ARRAYS, np.array([0.0, np.nan])], False),
    "infinite": ([np.array(-np.inf)], False),
    "integers": ([np.array([1, 2])], True),
    "nothing": ([], True),
}


@pytest.mark.parametrize("name", FINITE)
def test_what_is_not_finite_is_found(name):
    arrays, finite = FINITE[name]
    found = all_finite([keras.ops.convert_to_tensor(a) for a in arrays])
    assert bool(found) is finite
