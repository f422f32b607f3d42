"""The activation functions, as arguments of layers and in saved models."""

import keras
import numpy as np
import pytest

from keras_trainkit import activations
from tests.helpers.arrays import to_numpy
from tests.helpers.eager_gradient import gradients

X = np.random.default_rng(0).normal(size=(8, 4)).astype("float32") * 3
FUNCTIONS = [
    activations.quick_gelu,
    activations.squared_relu,
    activations.swish,
]


def test_quick_gelu_is_the_sigmoid_that_is_nearest_to_gelu():
    x = np.linspace(-8, 8, 2001).astype("float32")
    quick = to_numpy(activations.quick_gelu(x))
    expected = x.astype("float64") / (1 + np.exp(-1.702 * x.astype("float64")))
    np.testing.assert_allclose(quick, expected, 1e-5, 1e-6)
    exact = to_numpy(keras.activations.gelu(x))
    assert 0.02 < np.abs(quick - exact).max() < 0.021


def test_swish_is_kerass_own_for_a_beta_of_1():
    np.testing.assert_array_equal(
        to_numpy(activations.swish(X)), to_numpy(keras.ops.silu(X))
    )


@pytest.mark.parametrize("function", FUNCTIONS)
def test_gradients_in_float16_far_out_are_finite(function):
    x = np.array([-1e4, -1e3, 0.0, 1e3, 1e4])
    (found,) = gradients(function, x, dtype="float16")
    (wide,) = gradients(function, x)
    np.testing.assert_allclose(found, wide, 2e-3)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_integers_are_squashed_as_floats_are(function):
    x = np.array([-3, 0, 2])
    expected = to_numpy(function(x.astype("float32")))
    y = to_numpy(function(x.astype("int32")))
    np.testing.assert_array_equal(y, expected)


def test_they_are_trained_saved_and_loaded_as_functions(tmp_path):
    model = keras.Sequential([keras.Input((4,))])
    for function in FUNCTIONS:
        model.add(keras.layers.Dense(4, activation=function))
        model.add(keras.layers.Activation(function))
    model.compile("sgd", "mse")
    model.fit(X, X, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    found = [layer.activation for layer in loaded.layers]
    assert found == [one for one in FUNCTIONS for _ in range(2)]
    np.testing.assert_array_equal(
        loaded.predict(X, verbose=0), model.predict(X, verbose=0)
    )


@pytest.mark.one_backend
@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_configuration_names_the_package(function):
    config = keras.activations.serialize(function)
    assert config["config"] == f"keras_trainkit>{function.__name__}"
    assert keras.activations.get(config) is function


def test_swish_takes_an_integer_in_a_graph():
    assert activations.swish(keras.Input((3,)), 2).shape == (None, 3)
