"""What `where` selects, and what it refuses."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_trainkit.constraints import constrain

RADIUS = 0.5


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
        ("all", ALL),
        ("*", ALL),
        (1, ALL[3:]),
        (np.int64(2), ALL[2:]),
        (3, ALL[1:]),
        ("head", ALL[3:]),
        ("backbone", ALL[:2]),
        ("backbone/*", ALL[:2]),
        ("*conv", ALL[:1]),
        (["head", "*/depth"], [ALL[1], ALL[3]]),
        (("h*",), ALL[2:]),
        ({"head", "hidden"}, ALL[2:]),
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
    constraints = [w.constraint for w in loaded.weights if w.constraint]
    layouts = [constraint.kernel for constraint in constraints]
    assert layouts == ["standard", "depthwise", "standard", "standard"]


@pytest.mark.parametrize(
    "where", ["tail", ["head", "tail"], "backbone/c", lambda layer: False]
)
def test_a_selection_that_matches_nothing_lists_the_paths(where):
    model = nested()
    layer_paths = "backbone/conv, backbone/depth, hidden, .*, head"
    with pytest.raises(ValueError, match=f"Received: where=.*{layer_paths}"):
        constrain(model, max_norm=RADIUS, where=where)
    assert all(w.constraint is None for w in model.weights)


@pytest.mark.parametrize("where", ["batch_*", ["head", "batch_*"]])
def test_a_selection_without_a_kernel_lists_the_kernels(where):
    model = nested()
    kernels = r"Kernels of the model: .*'backbone/conv/kernel', .*"
    with pytest.raises(ValueError, match=f"Received: where=.*{kernels}"):
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


ATTENTION = ["attention/kernel", "head/kernel"]


def with_attention():
    x = keras.Input((4, 3))
    attention = layers.MultiHeadAttention(2, 3, name="attention")
    return keras.Model(x, layers.Dense(1, name="head")(attention(x, x)))


@pytest.mark.parametrize(
    "where, chosen",
    [
        ("all", ATTENTION),
        (2, ATTENTION),
        ("attention", ATTENTION[:1]),
        ("attention/*", ATTENTION[:1]),
        (lambda layer: isinstance(layer, layers.EinsumDense), ATTENTION[:1]),
        (lambda layer: not isinstance(layer, layers.EinsumDense), ATTENTION),
    ],
    ids=named,
)
def test_attention_is_selected_whole_or_by_all_its_projections(where, chosen):
    model = with_attention()
    assert constrain(model, max_norm=RADIUS, where=where) == chosen


@pytest.mark.parametrize(
    "where",
    ["attention/query", ["attention/key", "head"], lambda x: x.name == "value"],
    ids=named,
)
def test_a_part_of_attention_cannot_be_constrained_alone(where):
    model = with_attention()
    with pytest.raises(ValueError, match=r"in part: \['attention/kernel'\]"):
        constrain(model, max_norm=RADIUS, where=where)
    assert all(w.constraint is None for w in model.weights)


def test_a_recurrent_layer_is_selected_by_its_cell_too():
    model = keras.Sequential(
        [keras.Input((4, 2)), layers.LSTM(2, name="lstm"), layers.Dense(1)]
    )
    found = constrain(
        model,
        max_norm=RADIUS,
        where=lambda layer: isinstance(layer, layers.LSTMCell),
    )
    assert found == ["lstm/kernel", "lstm/recurrent_kernel"]


@pytest.mark.parametrize("where", ["inner", "inner/shared", "shared"])
def test_a_shared_layer_is_selected_on_each_of_its_paths(where):
    shared = layers.Dense(4, name="shared")
    inputs = keras.Input((4,))
    inner = keras.Sequential([keras.Input((4,)), shared], name="inner")
    outputs = layers.Dense(1, name="head")(inner(shared(inputs)))
    model = keras.Model(inputs, outputs)
    found = constrain(model, max_norm=RADIUS, where=where)
    assert found == ["shared/kernel"]


@pytest.mark.parametrize("where", ["attention", "h*", lambda x: True])
def test_layers_that_are_not_built_are_selected(where):
    model = keras.Sequential(
        [layers.Dense(3, name="hidden"), layers.Dense(1, name="attention")]
    )
    found = constrain(model, max_norm=RADIUS, where=where)
    model(np.zeros((1, 2), "float32"))
    constrained = [w for w in model.weights if w.constraint is not None]
    assert len(constrained) == len(found) > 0


def test_the_last_layers_of_a_model_that_is_not_built_are_unknown():
    model = keras.Sequential([layers.Dense(3), layers.Dense(1)])
    with pytest.raises(ValueError, match=r"order .* is unknown"):
        constrain(model, max_norm=RADIUS, where=1)


def test_a_shared_layer_is_named_once():
    shared = layers.Dense(4, name="shared")
    inputs = keras.Input((4,))
    inner = keras.Sequential([keras.Input((4,)), shared], name="inner")
    model = keras.Model(inputs, inner(shared(inputs)))
    assert constrain(model, max_norm=RADIUS) == ["shared/kernel"]
