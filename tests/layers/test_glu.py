"""GLU and SwiGLU: halves, one matrix product, and their life as layers."""

import keras
import numpy as np
import pytest
from keras.src.testing import TestCase

from keras_trainkit.kernels.gated_linear import GATES
from keras_trainkit.layers import GLU
from keras_trainkit.layers import SwiGLU
from tests.helpers.arrays import to_numpy
from tests.helpers.eager_gradient import gradients

X = np.random.default_rng(0).normal(size=(5, 4, 6)).astype("float32")


def silu(x):
    return x * 0.5 * (1 + np.tanh(0.5 * x))


def checked(kind, kwargs, expected_shape, weights, losses=0):
    TestCase().run_layer_test(
        kind,
        init_kwargs=kwargs,
        input_shape=(2, 4, 6),
        expected_output_shape=expected_shape,
        expected_num_trainable_weights=weights,
        expected_num_non_trainable_weights=0,
        expected_num_losses=losses,
        supports_masking=True,
    )


@pytest.mark.parametrize(
    "kwargs, shape",
    [({}, (2, 4, 3)), ({"axis": 1, "gate": "relu"}, (2, 2, 6))],
    ids=str,
)
def test_keras_layer_checks_without_units(kwargs, shape):
    checked(GLU, kwargs, shape, 0)


def test_keras_layer_checks_with_units():
    regularized = {"units": 5, "gate": "gelu", "kernel_regularizer": "l2"}
    checked(GLU, regularized, (2, 4, 5), 2, losses=1)


def test_keras_layer_checks_of_swiglu():
    checked(SwiGLU, {"units": 5, "use_bias": False}, (2, 4, 5), 1)


def test_with_units_it_is_one_product_of_both_halves():
    layer = SwiGLU(3)
    y = to_numpy(layer(X))
    kernel, bias = layer.get_weights()
    assert kernel.shape == (6, 6)
    values = X @ kernel[:, :3] + bias[:3]
    gates = X @ kernel[:, 3:] + bias[3:]
    np.testing.assert_allclose(y, values * silu(gates), 1e-4, 1e-5)


def test_swiglu_is_glu_with_swish_as_gate():
    np.testing.assert_array_equal(
        to_numpy(SwiGLU(axis=1)(X)), to_numpy(GLU(gate="swish", axis=1)(X))
    )


@pytest.mark.parametrize("gate", GATES)
def test_gradients_in_float16_far_out_are_finite(gate):
    far = np.array([-1e4, -40.0, 0.0, 40.0, 1e4])
    values, gates = (one.ravel() for one in np.meshgrid(far, far))
    x = np.stack([values, gates], axis=-1)
    layer = GLU(gate=gate, dtype="float16")
    (found,) = gradients(layer, x, dtype="float16")
    (wide,) = gradients(GLU(gate=gate), x)
    np.testing.assert_allclose(found, wide, 2e-3, 2e-2)


@pytest.mark.parametrize("policy", ["mixed_float16", "float16", "bfloat16"])
def test_the_dtype_is_the_policys(policy):
    layer = SwiGLU(3, dtype=policy)
    y = layer(X)
    assert keras.backend.standardize_dtype(y.dtype) == layer.compute_dtype
    assert layer.dense.kernel.dtype == layer.variable_dtype
    same = SwiGLU.from_config(layer.get_config())
    assert same.dtype_policy == same.dense.dtype_policy == layer.dtype_policy


def test_integers_are_gated_as_floats_are():
    x = np.array([[3, -1, 2, 0]], "int32")
    expected = to_numpy(GLU()(x.astype("float32")))
    np.testing.assert_array_equal(to_numpy(GLU()(x)), expected)


def test_sequences_of_any_length_are_halved():
    inputs = keras.Input((None, 6))
    model = keras.Model(inputs, GLU(axis=1)(inputs))
    assert model.output.shape == (None, None, 6)
    y = model.predict(X, verbose=0)
    expected = X[:, :2] / (1 + np.exp(-X[:, 2:]))
    np.testing.assert_allclose(y, expected, 1e-5, 1e-6)


@pytest.mark.parametrize(
    "layer, kept",
    [
        (GLU(), [[1, 1, 0, 0]]),
        (GLU(units=2), [[1, 1, 0, 0]]),
        (GLU(axis=1), [[0, 0]]),
        (GLU(axis=2), [[1, 1, 0, 0]]),
    ],
    ids=["last", "units", "time", "positive"],
)
def test_masks(layer, kept):
    x = X[:1].copy()
    x[:, 2:] = 0
    y = layer(keras.layers.Masking()(x))
    found = to_numpy(y._keras_mask)
    np.testing.assert_array_equal(found, np.array(kept, bool))


def feed_forward():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [keras.Input((4, 6)), SwiGLU(3), GLU(8, "gelu"), GLU()]
    )


def test_it_is_trained_saved_and_loaded(tmp_path):
    model = feed_forward()
    model.compile("adam", "mse")
    losses = model.fit(X, X[..., :4], epochs=2, verbose=0).history["loss"]
    assert losses[1] < losses[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        loaded.predict(X, verbose=0), model.predict(X, verbose=0)
    )
    configs = [
        [layer.get_config() for layer in one.layers] for one in (model, loaded)
    ]
    assert configs[0] == configs[1]


@pytest.mark.one_backend
@pytest.mark.filterwarnings("ignore:Layer (InputLayer|SwiGLU|GLU):UserWarning")
def test_its_product_is_quantised_saved_and_loaded(tmp_path):
    model = feed_forward()
    plain = to_numpy(model(X))
    model.quantize("int8")
    y = to_numpy(model(X))
    assert model.layers[0].dense.dtype_policy.quantization_mode == "int8"
    assert 0 < np.abs(y - plain).max() < 0.1
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(to_numpy(loaded(X)), y, 1e-5, 1e-6)


@pytest.mark.one_backend
def test_lora_takes_its_dense_layer():
    layer = SwiGLU(3)
    layer.build((None, 6))
    layer.dense.enable_lora(1)
    assert len(layer.trainable_weights) == 3  # two of rank 1, and the bias


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "kwargs, error, name",
    [
        ({"units": 0}, ValueError, "units"),
        ({"units": 2.0}, TypeError, "units"),
        ({"gate": "tanh"}, ValueError, "gate"),
        ({"gate": None}, TypeError, "gate"),
        ({"axis": 0}, ValueError, "axis"),
        ({"axis": "last"}, TypeError, "axis"),
        ({"use_bias": 1}, TypeError, "use_bias"),
    ],
    ids=str,
)
def test_bad_arguments_are_refused(kwargs, error, name):
    with pytest.raises(error, match=f"`{name}` must be .* Received: {name}="):
        GLU(**kwargs)


@pytest.mark.one_backend
def test_swiglu_has_its_gate():
    with pytest.raises(TypeError, match=r"Swish as its gate.*gate='relu'"):
        SwiGLU(3, gate="relu")


@pytest.mark.parametrize(
    "kwargs, shape, message",
    [
        ({}, (2, 3), "even size along axis -1"),
        ({"axis": 1}, (2, 3, 4), "even size along axis 1"),
        ({"axis": -2}, (2, 4), "`axis` must be an axis but the batch's"),
        ({"axis": 2}, (2, 4), "`axis` must be an axis but the batch's"),
        ({"axis": 1, "units": 2}, (2, 4, 4), "`axis` must be -1, the last"),
    ],
    ids=str,
)
def test_bad_shapes_are_refused(kwargs, shape, message):
    with pytest.raises(ValueError, match=message):
        GLU(**kwargs)(np.ones(shape, "float32"))
    with pytest.raises(ValueError, match=message):
        GLU(**kwargs)(keras.Input(shape[1:]))
