"""SquaredReLU as a Keras layer."""

import keras
import numpy as np
import pytest
from keras.src.testing import TestCase

from keras_trainkit.layers import SquaredReLU
from tests.helpers.arrays import to_numpy
from tests.helpers.eager_gradient import gradients

X = np.linspace(-3, 3, 13).astype("float32")


def test_keras_layer_checks():
    TestCase().run_layer_test(
        SquaredReLU,
        init_kwargs={},
        input_shape=(2, 3, 4),
        expected_output_shape=(2, 3, 4),
        expected_num_trainable_weights=0,
        expected_num_losses=0,
        supports_masking=True,
    )


@pytest.mark.parametrize("kind", ["float32", "int32"])
def test_values_are_squares_of_what_is_positive(kind):
    x = X.astype(kind)
    expected = np.maximum(x, 0).astype("float32") ** 2
    np.testing.assert_array_equal(to_numpy(SquaredReLU()(x)), expected)


def test_in_float16_values_overflow_and_gradients_do_not():
    x = np.array([-1e4, 0.0, 255.0, 1e4])
    layer = SquaredReLU(dtype="float16")
    (found,) = gradients(layer, x, dtype="float16")
    np.testing.assert_array_equal(found, [0, 0, 510, 20000])
    y = to_numpy(layer(x.astype("float16"))).astype("float64")
    assert y[0] == 0 and y[2] < np.inf and y[3] == np.inf


class Shifted(SquaredReLU):
    def build(self, input_shape):
        self.shift = self.add_weight(shape=input_shape[-1:], initializer="ones")

    def call(self, inputs):
        return super().call(inputs + self.shift)


def test_a_subclass_with_weights_is_built_when_it_is_called():
    assert SquaredReLU().built and not Shifted().built
    expected = np.maximum(X + 1, 0) ** 2
    np.testing.assert_allclose(to_numpy(Shifted()(X)), expected)


def test_it_is_saved_and_loaded(tmp_path):
    model = keras.Sequential([keras.Input((13,)), SquaredReLU(name="squared")])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].get_config() == model.layers[0].get_config()
    np.testing.assert_array_equal(
        to_numpy(loaded(X[None])), to_numpy(model(X[None]))
    )
