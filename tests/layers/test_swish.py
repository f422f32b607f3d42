"""Swish: its beta, what it is shared by, and its life as a Keras layer."""

import keras
import numpy as np
import pytest
from keras.src.testing import TestCase

from keras_trainkit.layers import Swish
from tests.helpers.arrays import to_numpy
from tests.helpers.eager_gradient import gradients

X = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")


def expected(x, beta):
    return x * 0.5 * (1 + np.tanh(0.5 * beta * x))


@pytest.mark.parametrize("shared", ["layer", "channel", "model"])
def test_keras_layer_checks(shared):
    TestCase().run_layer_test(
        Swish,
        init_kwargs={"beta": 2.0, "shared": shared},
        input_shape=(2, 3, 4),
        expected_output_shape=(2, 3, 4),
        expected_num_trainable_weights=1,
        expected_num_non_trainable_weights=0,
        expected_num_losses=0,
        supports_masking=True,
    )


@pytest.mark.parametrize("beta", [1.0, 0.0, 2.5])
def test_it_begins_with_its_beta(beta):
    y = to_numpy(Swish(beta)(X))
    np.testing.assert_allclose(y, expected(X, beta), 1e-5, 1e-6)


@pytest.mark.parametrize(
    "axis, shape", [(-1, (1, 1, 4)), (2, (1, 1, 4)), (1, (1, 3, 1))]
)
def test_each_channel_has_its_own(axis, shape):
    layer = Swish(shared="channel", axis=axis)
    layer.build((None, 3, 4))
    beta = np.linspace(-1, 2, layer.beta.shape[0], dtype="float32")
    layer.beta.assign(beta)
    x = np.random.default_rng(1).normal(size=(2, 3, 4)).astype("float32")
    y = to_numpy(layer(x))
    np.testing.assert_allclose(y, expected(x, beta.reshape(shape)), 1e-5, 1e-6)


@pytest.mark.parametrize("shared", ["layer", "channel"])
def test_beta_is_trained_by_its_gradient(shared):
    layer = Swish(1.5, shared=shared)
    model = keras.Sequential([keras.Input((4,)), layer])
    model.compile(
        keras.optimizers.SGD(1.0), lambda _, y: keras.ops.sum(y, axis=-1)
    )
    model.train_on_batch(X, X)
    s = 0.5 * (1 + np.tanh(0.5 * 1.5 * X.astype("float64")))
    slope = (X**2 * s * (1 - s)).sum(axis=0) / len(X)
    slope = slope.sum() if shared == "layer" else slope
    np.testing.assert_allclose(to_numpy(layer.beta), 1.5 - slope, rtol=1e-5)


def test_a_frozen_beta_is_a_weight_that_stays():
    layer = Swish(2.0, trainable=False)
    layer(X)
    assert len(layer.non_trainable_weights) == 1
    assert not layer.trainable_weights


@pytest.mark.parametrize("shared", ["layer", "channel", "model"])
def test_gradients_in_float16_far_out_are_finite(shared):
    layer = Swish(shared=shared, dtype="float16")
    x = np.array([[-1e4, -1e3, 0.0, 1e4]])
    (found,) = gradients(layer, x, dtype="float16")
    np.testing.assert_array_equal(found, [[0, 0, 0.5, 1]])


@pytest.mark.parametrize("policy", ["float16", "mixed_float16", "float32"])
def test_the_dtype_is_the_policys(policy):
    layer = Swish(2.0, dtype=policy)
    y = layer(X)
    assert keras.backend.standardize_dtype(y.dtype) == layer.compute_dtype
    assert layer.beta.dtype == layer.variable_dtype
    np.testing.assert_allclose(to_numpy(y), expected(X, 2.0), 4e-3, 4e-3)


def test_integers_are_squashed_as_floats_are():
    x = np.array([[-3, 0, 2]], "int32")
    y = to_numpy(Swish(2.0)(x))
    np.testing.assert_allclose(y, expected(x, 2.0), 1e-5, 1e-6)


@pytest.mark.parametrize("shared", ["layer", "channel", "model"])
def test_it_is_the_activation_of_another_layer(shared, tmp_path):
    dense = keras.layers.Dense(3, activation=Swish(2.0, shared=shared))
    model = keras.Sequential([keras.Input((4,)), dense])
    model(X)
    assert len(model.trainable_variables) == 3
    dense.activation.beta.assign(dense.activation.beta + 1.0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(to_numpy(loaded(X)), to_numpy(model(X)))


@keras.saving.register_keras_serializable("keras_trainkit_tests")
class Shifted(Swish):
    def build(self, input_shape):
        super().build(input_shape)
        self.shift = self.add_weight(shape=input_shape[-1:], initializer="ones")

    def call(self, inputs):
        return super().call(inputs + self.shift)


def test_a_subclass_with_weights_is_built_when_it_is_called():
    layer = Shifted(2.0)
    assert not layer.built
    y = to_numpy(layer(X))
    np.testing.assert_allclose(y, expected(X + 1, 2.0), 1e-5, 1e-6)
    assert len(layer.weights) == 2


def test_a_subclass_with_weights_can_be_an_activation_that_is_loaded(tmp_path):
    dense = keras.layers.Dense(3, activation=Shifted(2.0))
    model = keras.Sequential([keras.Input((4,)), dense])
    model(X)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(to_numpy(loaded(X)), to_numpy(model(X)))


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "kwargs, error, name",
    [
        ({"beta": float("nan")}, ValueError, "beta"),
        ({"beta": "1"}, TypeError, "beta"),
        ({"shared": "unit"}, ValueError, "shared"),
        ({"shared": None}, TypeError, "shared"),
        ({"trainable": 1}, TypeError, "trainable"),
        ({"axis": 1.0}, TypeError, "axis"),
    ],
    ids=str,
)
def test_bad_arguments_are_refused(kwargs, error, name):
    with pytest.raises(error, match=f"`{name}` must be .* Received: {name}="):
        Swish(**kwargs)


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "axis, shape, name",
    [
        (0, (2, 3), "axis"),
        (-2, (2, 3), "axis"),
        (2, (2, 3), "axis"),
        (1, (2, None, 3), "inputs"),
    ],
)
def test_bad_axes_are_refused(axis, shape, name):
    with pytest.raises(ValueError, match=f"`{name}` must be"):
        Swish(shared="channel", axis=axis).build(shape)
