import keras
import numpy as np
import pytest
from keras import layers

import keras_trainkit as ktk
from keras_trainkit.constraints import Chain
from keras_trainkit.constraints import IncomingMaxNorm
from keras_trainkit.constraints import WeightClip
from keras_trainkit.constraints import constrain
from tests.helpers.arrays import to_numpy
from tests.helpers.models import SubclassedMLP
from tests.helpers.models import mlp
from tests.helpers.models import regression_data
from tests.helpers.younger import GATED

RADIUS = 0.5
GATES = {"kernel": (0,), "recurrent_kernel": (0,)}
SEPARABLE_1D = {"depthwise_kernel": (0,), "pointwise_kernel": (0, 1)}
SEPARABLE_2D = {"depthwise_kernel": (0, 1), "pointwise_kernel": (0, 1, 2)}
CONV_LSTM_2D = {"kernel": (0, 1, 2), "recurrent_kernel": (0, 1, 2)}
PROJECTIONS = {"attention_output/kernel": (0, 1), "kernel": (0,)}

# Layer, input shape, axes of a unit's incoming weights by the end of the
# variable's path, number of kernels.
LAYERS = {
    "Dense": (lambda: layers.Dense(3), (4,), {"kernel": (0,)}, 1),
    "EinsumDense, split": (
        lambda: layers.EinsumDense("abc,cde->abde", (None, 2, 3)),
        (5, 4),
        {"kernel": (0,)},
        1,
    ),
    "EinsumDense, merged": (
        lambda: layers.EinsumDense("abcd,cde->abe", (None, 6), bias_axes="e"),
        (5, 2, 3),
        {"kernel": (0, 1)},
        1,
    ),
    "EinsumDense, grouped": (
        lambda: layers.EinsumDense("abgc,gcd->abgd", (None, 2, 3)),
        (5, 2, 4),
        {"kernel": (1,)},
        1,
    ),
    "EinsumDense, transposed": (
        lambda: layers.EinsumDense("...x,yx->...y", 4),
        (5, 3),
        {"kernel": (1,)},
        1,
    ),
    "Conv1D": (lambda: layers.Conv1D(3, 2), (5, 2), {"kernel": (0, 1)}, 1),
    "Conv2D": (
        lambda: layers.Conv2D(4, 2, groups=2),
        (5, 5, 4),
        {"kernel": (0, 1, 2)},
        1,
    ),
    "Conv3D": (
        lambda: layers.Conv3D(3, 2),
        (3, 3, 3, 2),
        {"kernel": (0, 1, 2, 3)},
        1,
    ),
    "DepthwiseConv1D": (
        lambda: layers.DepthwiseConv1D(3, depth_multiplier=2),
        (5, 2),
        {"kernel": (0,)},
        1,
    ),
    "DepthwiseConv2D": (
        lambda: layers.DepthwiseConv2D(3, depth_multiplier=2),
        (5, 5, 2),
        {"kernel": (0, 1)},
        1,
    ),
    "SeparableConv1D": (
        lambda: layers.SeparableConv1D(3, 2),
        (5, 2),
        SEPARABLE_1D,
        2,
    ),
    "SeparableConv2D": (
        lambda: layers.SeparableConv2D(3, 2),
        (5, 5, 2),
        SEPARABLE_2D,
        2,
    ),
    "Conv1DTranspose": (
        lambda: layers.Conv1DTranspose(3, 2),
        (5, 2),
        {"kernel": (0, 2)},
        1,
    ),
    "Conv2DTranspose": (
        lambda: layers.Conv2DTranspose(3, 2),
        (5, 5, 2),
        {"kernel": (0, 1, 3)},
        1,
    ),
    "Conv3DTranspose": (
        lambda: layers.Conv3DTranspose(3, 2),
        (3, 3, 3, 2),
        {"kernel": (0, 1, 2, 4)},
        1,
    ),
    "SimpleRNN": (lambda: layers.SimpleRNN(3), (4, 2), GATES, 2),
    "LSTM": (lambda: layers.LSTM(3), (4, 2), GATES, 2),
    "GRU": (lambda: layers.GRU(3), (4, 2), GATES, 2),
    "RNN of a cell": (
        lambda: layers.RNN(layers.LSTMCell(3)),
        (4, 2),
        GATES,
        2,
    ),
    "RNN of stacked cells": (
        lambda: layers.RNN([layers.GRUCell(3), layers.SimpleRNNCell(2)]),
        (4, 2),
        GATES,
        4,
    ),
    "Bidirectional": (
        lambda: layers.Bidirectional(layers.GRU(3)),
        (4, 2),
        GATES,
        4,
    ),
    "TimeDistributed": (
        lambda: layers.TimeDistributed(layers.Dense(3)),
        (4, 2),
        {"kernel": (0,)},
        1,
    ),
    "ConvLSTM1D": (
        lambda: layers.ConvLSTM1D(2, 2),
        (3, 4, 2),
        {"kernel": (0, 1), "recurrent_kernel": (0, 1)},
        2,
    ),
    "ConvLSTM2D": (
        lambda: layers.ConvLSTM2D(2, 2),
        (3, 4, 4, 2),
        CONV_LSTM_2D,
        2,
    ),
    "ConvLSTM3D": (
        lambda: layers.ConvLSTM3D(2, 2),
        (2, 3, 3, 3, 2),
        {"kernel": (0, 1, 2, 3), "recurrent_kernel": (0, 1, 2, 3)},
        2,
    ),
    "MultiHeadAttention": (
        lambda: layers.MultiHeadAttention(3, 3, **GATED),
        (4, 3),
        PROJECTIONS,
        4 + len(GATED),
    ),
    "GroupQueryAttention": (
        lambda: layers.GroupQueryAttention(3, 2, 1),
        (4, 3),
        PROJECTIONS,
        4,
    ),
}
every_layer = pytest.mark.parametrize(
    "make, shape, axes, count", LAYERS.values(), ids=LAYERS
)


class Caller(keras.Model):
    """Calls one layer, which is built with the first call only."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def call(self, x):
        return called(self.layer, x)


def called(layer, x):
    attention = (layers.MultiHeadAttention, layers.GroupQueryAttention)
    return layer(x, x) if isinstance(layer, attention) else layer(x)


def functional(make, shape):
    inputs = keras.Input(shape)
    return keras.Model(inputs, called(make(), inputs))


def assert_constrained(model, axes, count):
    kernels = [w for w in model.weights if w.constraint is not None]
    assert len(kernels) == count
    for kernel in kernels:
        expected = next(a for end, a in axes.items() if ends(kernel.path, end))
        assert kernel.constraint.axes(kernel) == expected, kernel.path
        assert kernel.constraint.max_value == RADIUS


def ends(path, end):
    return f"/{path}".endswith(f"/{end}")


@every_layer
def test_each_kernel_is_constrained_over_its_incoming_axes(
    make, shape, axes, count
):
    model = functional(make, shape)
    assert constrain(model, max_norm=RADIUS)
    assert_constrained(model, axes, count)


@every_layer
def test_a_layer_that_is_not_built_gets_it_when_it_is(make, shape, axes, count):
    model = Caller(make())
    assert not model.weights
    constrain(model, max_norm=RADIUS)
    model(np.zeros((1, *shape), "float32"))
    assert_constrained(model, axes, count)


@every_layer
def test_a_loaded_model_is_still_constrained(
    make, shape, axes, count, tmp_path
):
    model = functional(make, shape)
    constrain(model, max_norm=RADIUS)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert_constrained(loaded, axes, count)


@every_layer
def test_a_clone_is_still_constrained(make, shape, axes, count):
    model = functional(make, shape)
    constrain(model, max_norm=RADIUS)
    assert_constrained(keras.models.clone_model(model), axes, count)


@every_layer
def test_a_layer_from_the_configuration_is_still_constrained(
    make, shape, axes, count
):
    model = functional(make, shape)
    constrain(model, max_norm=RADIUS)
    layer = model.layers[-1]
    copy = type(layer).from_config(layer.get_config())
    assert_constrained(functional(lambda: copy, shape), axes, count)


@every_layer
def test_a_constraint_of_ones_own_reaches_the_same_kernels(
    make, shape, axes, count
):
    model = functional(make, shape)
    clip = WeightClip(-0.25, 0.25)
    constrain(model, constraint=clip)
    kernels = [w for w in model.weights if w.constraint is clip]
    assert len(kernels) == count
    assert all(any(ends(w.path, end) for end in axes) for w in kernels)


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


def nested():
    inputs = keras.Input((8, 8, 2))
    x = layers.Conv2D(3, 3, name="conv")(inputs)
    x = layers.DepthwiseConv2D(3, name="depth")(x)
    inner = keras.Model(inputs, layers.Flatten()(x), name="backbone")
    inputs = keras.Input((8, 8, 2))
    x = layers.Dense(4, name="hidden")(inner(inputs))
    x = layers.BatchNormalization()(x)
    return keras.Model(inputs, layers.Dense(1, name="head")(x))


def named(value):
    """Returns an id that is the same in every process."""
    return "function" if callable(value) else str(value)


ALL = ["backbone/conv/kernel", "backbone/depth/kernel"]
ALL += ["hidden/kernel", "head/kernel"]


@pytest.mark.parametrize(
    "where, chosen",
    [
        (None, ALL),
        ("*", ALL),
        ("head", ALL[3:]),
        ("backbone", ALL[:2]),
        ("backbone/*", ALL[:2]),
        ("*conv", ALL[:1]),
        (["head", "*/depth"], [ALL[1], ALL[3]]),
        (("h*",), ALL[2:]),
        (lambda layer: layer.name == "depth", [ALL[1]]),
        (lambda layer: not isinstance(layer, layers.Conv2D), ALL[1:]),
    ],
    ids=named,
)
def test_where_selects(where, chosen):
    model = nested()
    assert constrain(model, max_norm=RADIUS, where=where) == chosen
    constrained = [w for w in model.weights if w.constraint is not None]
    assert len(constrained) == len(chosen)


def test_a_nested_model_keeps_it_through_save_and_load(tmp_path):
    model = nested()
    constrain(model, max_norm=RADIUS)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    axes = {
        "conv/kernel": (0, 1, 2),
        "depth/kernel": (0, 1),
        "hidden/kernel": (0,),
        "head/kernel": (0,),
    }
    assert_constrained(loaded, axes, 4)


@pytest.mark.parametrize(
    "where, named",
    [
        ("tail", "'head/kernel'"),
        (["head", "tail"], "'head/kernel'"),
        ("backbone/c", "'backbone/conv/kernel'"),
        ("batch_normalization*", "'hidden/kernel'"),
        (lambda layer: False, "'backbone/depth/kernel'"),
    ],
    ids=named,
)
def test_a_selection_that_matches_nothing_lists_what_there_is(where, named):
    model = nested()
    with pytest.raises(ValueError, match=f"Received: where=.*{named}"):
        constrain(model, max_norm=RADIUS, where=where)
    assert all(w.constraint is None for w in model.weights)


def test_a_model_without_kernels_is_refused():
    model = keras.Sequential([keras.Input((4,)), layers.Embedding(5, 2)])
    with pytest.raises(ValueError, match=r"Kernels of the model: \[\]"):
        constrain(model, max_norm=RADIUS)
    assert model.layers[0].embeddings.constraint is None


def test_a_selected_composite_brings_its_parts():
    inputs = keras.Input((4, 2))
    x = layers.Bidirectional(layers.LSTM(2, name="lstm"), name="both")(inputs)
    model = keras.Model(inputs, layers.Dense(1)(x))
    found = constrain(
        model,
        max_norm=RADIUS,
        where=lambda layer: isinstance(layer, layers.Bidirectional),
    )
    assert found == [
        "both/forward_lstm/kernel",
        "both/forward_lstm/recurrent_kernel",
        "both/backward_lstm/kernel",
        "both/backward_lstm/recurrent_kernel",
    ]


def test_a_shared_layer_is_named_once():
    shared = layers.Dense(4, name="shared")
    inputs = keras.Input((4,))
    inner = keras.Sequential([keras.Input((4,)), shared], name="inner")
    model = keras.Model(inputs, inner(shared(inputs)))
    assert constrain(model, max_norm=RADIUS) == ["shared/kernel"]


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
    model = functional(lambda: layer, (4, 3))
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
        ({"max_norm": 1.0, "where": 3}, TypeError, "where=3"),
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
