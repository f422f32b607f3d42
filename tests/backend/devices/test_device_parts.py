"""Several devices share work in tests/distributed; here there is one."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.devices.device_parts import DeviceParts
from tests.helpers.arrays import to_numpy
from tests.helpers.models import linear_model

BACKEND = keras.backend.backend()


def test_a_model_on_one_device_is_computed_there():
    parts = DeviceParts(linear_model(), compiles=True, xla=False)
    assert (parts.count, parts.key) == (1, None)


@pytest.fixture
def model():
    """Yields a model under an engine with one device."""
    if BACKEND == "torch":
        pytest.skip("torch compiles no step by hand")
    if BACKEND == "tensorflow":
        import tensorflow as tf

        with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
            yield linear_model()
        return
    devices = keras.distribution.list_devices()[:1]
    with keras.distribution.DataParallel(devices=devices).scope():
        yield linear_model()


def compiled(function):
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.function(function)
    import jax

    return jax.jit(function)


def test_what_is_not_compiled_is_not_shared(model):
    assert DeviceParts(model, compiles=False, xla=False).key is None


def test_what_xla_compiles_for_tensorflow_is_not_shared(model):
    parts = DeviceParts(model, compiles=True, xla=True)
    assert (parts.key is None) is (BACKEND == "tensorflow")


def test_a_part_is_told_which_it_is_and_its_keys(model):
    parts = DeviceParts(model, compiles=True, xla=False)
    assert parts.key is not None

    def rows(part, keys):
        return [keys * 2 + keras.ops.cast(part, "int32")]

    keys = np.arange(6, dtype="int32").reshape(3, 2)
    (found,) = compiled(lambda: parts(rows, keys))()
    np.testing.assert_array_equal(to_numpy(found), keys * 2)


def test_a_part_may_have_no_keys(model):
    parts = DeviceParts(model, compiles=True, xla=False)
    (found,) = compiled(
        lambda: parts(lambda part, keys: [keras.ops.ones((2, 1))])
    )()
    np.testing.assert_array_equal(to_numpy(found), [[1], [1]])
