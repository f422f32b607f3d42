"""Slots of float32 at least, and gradients with all their rows."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.optimizer.wide_slots import add_wide_slot
from keras_trainkit.backend.optimizer.wide_slots import dense
from keras_trainkit.backend.optimizer.wide_slots import exact_dtype
from keras_trainkit.backend.optimizer.wide_slots import exact_products
from keras_trainkit.backend.optimizer.wide_slots import wide_dtype
from tests.helpers.arrays import to_numpy


@pytest.mark.parametrize(
    "dtype, wide", [("float16", "float32"), ("bfloat16", "float32")]
)
def test_a_slot_is_wide_zero_and_one_of_the_optimizer_s(dtype, wide):
    optimizer = keras.optimizers.SGD(0.1)
    variable = keras.Variable(np.ones((2, 3)), dtype=dtype, name="w")
    own = add_wide_slot(optimizer, variable, "momentum")
    other = add_wide_slot(optimizer, variable, "roots", (5,))
    assert [tuple(own.shape), tuple(other.shape)] == [(2, 3), (5,)]
    assert own.dtype == other.dtype == wide == wide_dtype(variable)
    assert not to_numpy(own).any()
    assert {id(own), id(other)} < {id(v) for v in optimizer.variables}
    assert own.path.endswith("w_momentum")
    assert not own.trainable


def rows_of(indices, values, rows):
    """As an embedding's gradient comes on each backend."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.IndexedSlices(values, indices, (rows, values.shape[1]))
    gradient = np.zeros((rows, values.shape[1]), values.dtype)
    np.add.at(gradient, indices, values)
    return keras.ops.convert_to_tensor(gradient)


def test_rows_that_were_looked_up_twice_are_summed():
    values = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "float16")
    found = dense(rows_of([2, 0, 2], values, 4), "float32")
    np.testing.assert_array_equal(
        to_numpy(found), [[3, 4], [0, 0], [6, 8], [0, 0]]
    )
    assert keras.backend.standardize_dtype(found.dtype) == "float32"


def test_on_a_cpu_products_are_exact_as_they_are():
    x = keras.ops.convert_to_tensor(np.full((2, 2), 1 + 2.0**-20, "float32"))
    assert exact_dtype(x) == "float32"
    with exact_products():
        product = keras.ops.matmul(x, keras.ops.eye(2, dtype="float32"))
    np.testing.assert_array_equal(to_numpy(product), to_numpy(x))
