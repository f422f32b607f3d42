import keras
import numpy as np
import pytest
from keras import layers

import keras_trainkit as ktk
from keras_trainkit.constraints import Chain
from keras_trainkit.constraints import IncomingMaxNorm
from keras_trainkit.constraints import constrain
from tests.helpers.arrays import to_numpy
from tests.helpers.models import SubclassedMLP
from tests.helpers.models import mlp
from tests.helpers.models import regression_data

RADIUS = 0.5


def kernel_norms(model):
    return np.concatenate(
        [
            np.linalg.norm(to_numpy(layer.kernel), axis=0)
            for layer in (model.get_layer("hidden"), model.get_layer("head"))
        ]
    )


def test_the_weights_of_a_fit_are_those_of_keras_s_own_argument():
    x, y = regression_data()
    ours, theirs = mlp(), mlp()
    constrain(ours, max_norm=RADIUS)
    for layer in theirs.layers:
        layer.kernel.constraint = keras.constraints.MaxNorm(RADIUS, axis=0)
    for model in (ours, theirs):
        model.compile(keras.optimizers.SGD(0.1, 0.9), "mse")
        model.fit(x, y, batch_size=16, shuffle=False, verbose=0)
    assert kernel_norms(ours).max() == pytest.approx(RADIUS, rel=1e-5)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("when", ["before compile", "after compile", "trained"])
def test_it_acts_from_the_next_step_on(when):
    x, y = regression_data()
    model = mlp()
    if when == "before compile":
        constrain(model, max_norm=RADIUS)
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "mse")
    if when == "trained":
        model.fit(x, y, batch_size=16, verbose=0)
        assert kernel_norms(model).max() > 2 * RADIUS
    if when != "before compile":
        constrain(model, max_norm=RADIUS)
    # The shapes of the `fit` before, so that its trace would be found.
    model.fit(x[:16], y[:16], batch_size=16, verbose=0)
    assert np.all(kernel_norms(model) <= RADIUS * (1 + 1e-5))


def test_a_second_call_replaces_the_first_in_a_model_that_goes_on_training():
    x, y = regression_data()
    model = mlp()
    model.compile("sgd", "mse")
    constrain(model, max_norm=1.0)
    model.fit(x, y, batch_size=32, verbose=0)
    constrain(model, max_norm=0.1)
    model.fit(x, y, batch_size=32, verbose=0)
    assert np.all(kernel_norms(model) <= 0.1 * (1 + 1e-5))
    config = model.get_layer("head").get_config()["kernel_constraint"]
    assert config["config"]["max_value"] == 0.1


def test_a_frozen_layer_stays_as_it_is_until_it_is_trained():
    x, y = regression_data()
    model = mlp()
    hidden = model.get_layer("hidden")
    hidden.trainable = False
    model.compile("sgd", "mse")
    constrain(model, max_norm=0.1)
    frozen = to_numpy(hidden.kernel)
    model.train_on_batch(x, y)
    np.testing.assert_array_equal(to_numpy(hidden.kernel), frozen)
    hidden.trainable = True
    model.compile("sgd", "mse")
    model.train_on_batch(x, y)
    assert np.all(kernel_norms(model) <= 0.1 * (1 + 1e-5))


def test_a_subclassed_model_is_constrained_but_its_copy_must_be_again(tmp_path):
    x, y = regression_data()
    model = SubclassedMLP()
    model.compile("sgd", "mse")
    assert sorted(constrain(model, max_norm=0.1)) == [
        "head/kernel",
        "hidden/kernel",
    ]
    model.train_on_batch(x, y)
    norms = np.linalg.norm(to_numpy(model.hidden.kernel), axis=0)
    assert np.all(norms <= 0.1 * (1 + 1e-5))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.hidden.kernel.constraint is None
    constrain(loaded, max_norm=0.1)
    assert loaded.hidden.kernel.constraint.max_value == 0.1


@pytest.mark.parametrize(
    "constraint, kind",
    [
        ("non_neg", "NonNeg"),
        (keras.constraints.UnitNorm(axis=0), "UnitNorm"),
        (Chain("non_neg", IncomingMaxNorm(1.0)), "Chain"),
    ],
    ids=["a name", "Keras's", "a chain"],
)
def test_a_given_constraint_stands_in_the_configuration(constraint, kind):
    model = mlp()
    constrain(model, constraint=constraint, where="head")
    assert type(model.get_layer("head").kernel.constraint).__name__ == kind
    copy = keras.models.clone_model(model)
    kept = copy.get_layer("head").kernel.constraint
    assert type(kept).__name__ == kind
    assert copy.get_layer("hidden").kernel.constraint is None


def with_lora():
    model = mlp()
    model.get_layer("hidden").enable_lora(2)
    return model


def with_lora_to_come():
    return keras.Sequential(
        [layers.Dense(4, lora_rank=2, name="hidden"), layers.Dense(1)]
    )


def quantized():
    model = mlp()
    model.get_layer("hidden").quantize("int8")
    return model


def with_lora_in_attention():
    layer = layers.MultiHeadAttention(2, 3, name="hidden")
    inputs = keras.Input((4, 3))
    model = keras.Model(inputs, layer(inputs, inputs))
    layer.query_dense.enable_lora(2)
    return model


@pytest.mark.parametrize(
    "make", [with_lora, with_lora_to_come, quantized, with_lora_in_attention]
)
def test_a_kernel_that_is_not_what_is_trained_is_refused(make):
    model = make()
    with pytest.raises(ValueError, match=r"Leave these out: \['hidden/kernel'"):
        constrain(model, max_norm=RADIUS)
    assert all(w.constraint is None for w in model.weights)


def test_the_rest_of_a_model_with_lora_can_be_constrained():
    model = with_lora()
    assert constrain(model, max_norm=RADIUS, where="head") == ["head/kernel"]


@pytest.mark.parametrize(
    "arguments, error, received",
    [
        ({}, ValueError, "max_norm=None"),
        (
            {"max_norm": 1.0, "constraint": "non_neg"},
            ValueError,
            "constraint='non_neg'",
        ),
        ({"max_norm": 0}, ValueError, "max_norm=0"),
        ({"max_norm": float("nan")}, ValueError, "max_norm=nan"),
        ({"max_norm": "2"}, TypeError, "max_norm='2'"),
        ({"max_norm": True}, TypeError, "max_norm=True"),
        ({"constraint": abs}, TypeError, "constraint=<built-in"),
        ({"constraint": "unheard_of"}, ValueError, "unheard_of"),
        ({"max_norm": 1.0, "where": 3}, ValueError, "where=3.*hidden, head"),
        ({"max_norm": 1.0, "where": 0}, ValueError, "where=0"),
        ({"max_norm": 1.0, "where": True}, TypeError, "where=True"),
        ({"max_norm": 1.0, "where": 1.0}, TypeError, "where=1.0"),
        (
            {"max_norm": 1.0, "where": layers.Dense},
            TypeError,
            "where=.*isinstance",
        ),
        ({"max_norm": 1.0, "where": ["head", 3]}, TypeError, "where=.'head'"),
        ({"max_norm": 1.0, "where": []}, ValueError, r"where=\[\]"),
    ],
    ids=str,
)
def test_bad_arguments_are_refused_and_change_nothing(
    arguments, error, received
):
    model = mlp()
    with pytest.raises(error, match=received):
        constrain(model, **arguments)
    assert all(w.constraint is None for w in model.weights)


@pytest.mark.parametrize("model", [None, "model", layers.Dense(1)], ids=str)
def test_what_is_no_model_is_refused(model):
    with pytest.raises(TypeError, match="Received: model="):
        ktk.constraints.constrain(model, max_norm=1.0)
