"""Reading and writing copies; real devices: tests/distributed."""

import types

import keras
import numpy as np
import pytest

from keras_trainkit.backend.devices.device_copies import copies
from keras_trainkit.backend.devices.device_copies import fill_if_empty
from keras_trainkit.backend.devices.device_copies import read_copies
from keras_trainkit.backend.devices.device_copies import write_copies
from tests.helpers.arrays import to_numpy


@pytest.mark.parametrize(
    "value",
    [np.float32([[1.0, 2.0]]), np.int32(3), np.float16([0.1])],
    ids=["matrix", "integer", "half"],
)
def test_the_only_copy_comes_back(value):
    variable = keras.Variable(value, dtype=value.dtype.name, trainable=False)
    read = read_copies(variable)
    variable.assign(variable.value + 1)
    np.testing.assert_array_equal(read, [value])
    write_copies(variable, read)
    np.testing.assert_array_equal(to_numpy(variable.value), value)


def test_an_unequal_pair_comes_back(mirrored):
    assert len(copies(mirrored)) == 2
    read = read_copies(mirrored)
    for copy in copies(mirrored):
        copy.assign([0.0, 0.0])
    write_copies(mirrored, read)
    np.testing.assert_array_equal(read_copies(mirrored), [[1, 2], [3, 4]])


def test_another_number_of_copies_is_refused(mirrored):
    with pytest.raises(ValueError):
        write_copies(mirrored, [np.zeros(2)])


@pytest.fixture
def mirrored():
    """Stands for a variable on two devices, which needs them."""
    if keras.backend.backend() != "tensorflow":
        pytest.skip("tf.distribute needs the TensorFlow backend")
    import tensorflow as tf

    class Pair(tf.distribute.DistributedValues):
        values = (tf.Variable([1.0, 2.0]), tf.Variable([3.0, 4.0]))

    return types.SimpleNamespace(value=Pair())


@pytest.mark.parametrize("empty", [False, True])
def test_an_empty_variable_can_be_read_again(empty):
    variable = keras.Variable([1.0, 2.0])
    read = read_copies(variable)
    if empty and keras.backend.backend() == "jax":
        variable._value = None  # as JAX's trainer leaves it
    fill_if_empty(variable, [np.float32([1.0, 2.0])])
    np.testing.assert_array_equal(read_copies(variable), read)
