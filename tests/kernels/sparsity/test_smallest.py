"""The k smallest magnitudes: exactly k, the first of equal ones."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from keras_trainkit.kernels.sparsity.smallest import keys_of
from keras_trainkit.kernels.sparsity.smallest import smallest
from tests.helpers.arrays import to_numpy

SIZE = 12
# Few values, so that many are equal; both zeros, and the ends of the range.
FLOATS = st.sampled_from([0.0, -0.0, 1.0, -1.0, 1.5, 2.0**-126, 3e38, np.inf])
VECTORS = hnp.arrays("float32", SIZE, elements=FLOATS)


def oracle(values, count):
    """NumPy sorts, stably, in float64."""
    order = np.argsort(np.abs(values.astype("float64")), kind="stable")
    marked = np.zeros(values.shape, bool)
    marked[order[:count]] = True
    return marked


@given(VECTORS, st.integers(0, SIZE))
@settings(max_examples=40, deadline=None)
def test_it_marks_what_a_stable_sort_puts_first(values, count):
    marked = to_numpy(smallest(keys_of(values), count))
    np.testing.assert_array_equal(marked, oracle(values, count))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_random_numbers_of_every_dtype(dtype):
    values = np.random.default_rng(0).normal(size=1001)
    tensor = keras.ops.convert_to_tensor(values.astype("float32"), dtype)
    held = to_numpy(keras.ops.cast(tensor, "float32"))
    marked = to_numpy(smallest(keys_of(tensor), 700))
    np.testing.assert_array_equal(marked, oracle(held, 700))


def test_what_comes_first_comes_before_zeros_and_nan_comes_last():
    values = np.array([np.nan, 0.0, 5.0, np.inf, -0.0], "float32")
    first = np.array([False, False, True, False, False])
    order = np.argsort(to_numpy(keys_of(values, first)), kind="stable")
    assert order.tolist() == [2, 1, 4, 3, 0]
