"""The penalty is in the loss, in the file, and nowhere by half."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.models import mlp

LAYERS = keras.layers
FACTOR = 0.1


def every_kind():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4, 4))
    x = LAYERS.MultiHeadAttention(2, 2, name="attention")(inputs, inputs)
    x = LAYERS.SeparableConv1D(3, 2, name="separable")(x)
    x = LAYERS.Bidirectional(LAYERS.LSTM(2), name="lstm")(x)
    dense = LAYERS.Dense(4, kernel_regularizer="l2", name="shared")
    x = dense(dense(x))
    return keras.Model(inputs, LAYERS.Dense(1, name="head")(x))


def penalty(model):
    return float(keras.ops.convert_to_numpy(sum(model.losses)))


def by_hand(model):
    sums = [
        np.abs(keras.ops.convert_to_numpy(weight)).sum(dtype="float64")
        for weight in model.trainable_weights
        if "kernel" in weight.name
    ]
    return FACTOR * sum(sums)


def test_the_loss_has_the_penalty_of_every_kernel(tmp_path):
    model = every_kind()
    of_l2 = penalty(model)
    found = ktk.compression.l1_sparsify(model, FACTOR)
    assert found[0] == "attention/kernel" and found[-1] == "head/kernel"
    wanted = by_hand(model) + of_l2
    assert penalty(model) == pytest.approx(wanted, rel=1e-5)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert penalty(loaded) == pytest.approx(wanted, rel=1e-5)
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    assert penalty(clone) == pytest.approx(wanted, rel=1e-5)


def test_it_pulls_in_the_compiled_step():
    model = mlp()
    ktk.compression.l1_sparsify(model, FACTOR, exclude="head")
    kernel, head = (model.get_weights()[i] for i in (0, 2))
    jit = keras.backend.backend() == "jax"
    model.compile(keras.optimizers.SGD(1e-3), "mse", jit_compile=jit)
    model.fit(np.zeros((8, 8)), np.zeros((8, 1)), verbose=0)
    moved = kernel - model.get_weights()[0]
    np.testing.assert_allclose(moved, 1e-4 * np.sign(kernel), atol=1e-7)
    np.testing.assert_array_equal(model.get_weights()[2], head)


def test_layers_that_are_not_built_get_it_when_they_are():
    model = keras.Sequential([LAYERS.Dense(2), LAYERS.Dense(1)])
    ktk.compression.l1_sparsify(model, FACTOR)
    model(np.ones((1, 3)))
    assert len(model.losses) == 2
    assert penalty(model) == pytest.approx(by_hand(model), rel=1e-5)


def compiled():
    model = mlp()
    model.compile("sgd", "mse")
    return model


def frozen():
    model = mlp()
    model.trainable = False
    return model


def lora():
    model = mlp()
    model.get_layer("hidden").enable_lora(2)
    return model


def other_penalty():
    model = mlp()
    penalty = keras.regularizers.OrthogonalRegularizer()
    model.get_layer("head").kernel_regularizer = penalty
    return model


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("make", "match"),
    [
        (compiled, "before `compile`"),
        (frozen, "frozen"),
        (lora, "hidden/kernel"),
        (other_penalty, "OrthogonalRegularizer"),
        (keras.Sequential, "leaves a kernel"),
    ],
)
def test_a_penalty_that_could_not_act_is_refused(make, match):
    model = make()
    with pytest.raises(ValueError, match=match):
        ktk.compression.l1_sparsify(model, FACTOR)
    assert not model.losses


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("model", "factor", "error", "match"),
    [
        (None, 0.1, TypeError, "model"),
        (mlp(), 0.0, ValueError, "factor"),
        (mlp(), "much", TypeError, "factor"),
    ],
    ids=["no model", "zero", "a word"],
)
def test_bad_arguments_are_refused(model, factor, error, match):
    with pytest.raises(error, match=match):
        ktk.compression.l1_sparsify(model, factor)
