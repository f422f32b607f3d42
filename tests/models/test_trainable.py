import hypothesis
import hypothesis.strategies as st
import keras
import numpy as np
import pytest

from keras_trainkit.models.forward_order import sublayers
from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.models.paths import walk
from keras_trainkit.models.selection import select
from keras_trainkit.models.trainable import train_only
from keras_trainkit.models.trainable import train_too
from keras_trainkit.models.trainable import trainable_layers
from tests.models import zoo

SELECTIONS = {
    "sequential": ["all", 1, "hidden", "norm"],
    "nested": ["all", 1, 2, "outer", "*/norm"],
    "nested, frozen before": ["all", 1, 2, "outer", "*/norm"],
    "branches": [2, "norm_*"],
    "subclassed": [1, 2, "model", "all"],
    "subclassed inside": ["inner", "inner/hidden", 1],
    "shared": ["left/both", "right/middle", "all"],
    "block": ["block", "block/first", "head", "block/norm"],
    "attention": ["attention", "attention/query", 1],
    "bidirectional": ["both_ways", "*/forward_lstm", 1],
    "cells": ["rnn", "*/high"],
    "wrapped": ["timed", "timed/backbone/one", "spectral/inner", 2],
}
STATISTICS = {"moving_mean", "moving_variance", "vector_u", "n", "step"}
CASES = [(kind, one) for kind, many in SELECTIONS.items() for one in many]


def ids(weights):
    return {id(weight) for weight in weights}


def set_trainable(model, layers):
    train_only(LayerTree(model), layers)


def created_trainable(model):
    return {id(w) for w in model.weights if w.name not in STATISTICS}


def held(layers):
    return {
        id(weight)
        for layer in layers
        for weight in (
            LayerTree(layer).own_weights(layer)
            if isinstance(layer, keras.Model)
            else layer.weights
        )
    }


@pytest.mark.parametrize("before", [True, False], ids=["thawed", "frozen"])
@pytest.mark.parametrize("kind, selection", CASES)
def test_exactly_the_given_layers_train(kind, selection, before):
    model = zoo.ZOO[kind]()
    model.trainable = before
    layers = select(model, selection)
    set_trainable(model, layers)
    assert ids(model.trainable_weights) == (
        held(layers) & created_trainable(model)
    )


@pytest.mark.parametrize("kind, selection", CASES)
def test_a_container_does_not_hide_what_it_holds(kind, selection):
    model = zoo.ZOO[kind]()
    set_trainable(model, select(model, selection))
    trained = ids(model.trainable_weights)
    containers = [model, *(one for _, one in walk(model) if sublayers(one))]
    assert [ids(one.trainable_weights) for one in containers] == [
        ids(one.weights) & trained for one in containers
    ]


@pytest.mark.parametrize("kind", zoo.ZOO)
def test_everything_can_be_thawed_again(kind):
    model = zoo.ZOO[kind]()
    set_trainable(model, select(model, "*d*"))
    set_trainable(model, select(model, "all"))
    assert ids(model.trainable_weights) == created_trainable(model)


@pytest.fixture(scope="module")
def mixed():
    """Nested, shared and composite layers in one model."""
    inputs = keras.Input((4,))
    both = zoo.dense(4, "both")
    left = keras.Model(inputs, zoo.Block(name="b")(both(inputs)), name="left")
    right = keras.Model(inputs, both(zoo.backbone()(inputs)), name="right")
    return keras.Model(inputs, left(inputs) + right(inputs))


@hypothesis.given(data=st.data())
@hypothesis.settings(max_examples=50)
def test_any_set_of_layers_after_any_other_is_exact(mixed, data):
    layers = [
        layer for _, layer in walk(mixed) if not isinstance(layer, keras.Model)
    ]
    some = st.lists(st.sampled_from(layers), unique_by=id)
    set_trainable(mixed, data.draw(some))
    chosen = data.draw(some)
    set_trainable(mixed, chosen)
    assert ids(mixed.trainable_weights) == (
        held(chosen) & created_trainable(mixed)
    )


def test_nothing_can_be_trainable():
    model = zoo.nested()
    set_trainable(model, [])
    assert model.trainable_weights == []
    assert trainable_layers(model) == []


@pytest.mark.parametrize(
    "kind, selection, expected",
    [
        ("sequential", "all", ["hidden", "norm", "head"]),
        ("nested, frozen before", 2, ["two", "head"]),
        ("subclassed", "model", ["model"]),
        ("shared", "*both", ["both"]),
        ("block", "block/first", ["block"]),
        ("attention", 1, ["head"]),
    ],
)
def test_trainable_layers_are_listed(kind, selection, expected):
    model = zoo.ZOO[kind]()
    set_trainable(model, select(model, selection))
    assert zoo.names(trainable_layers(model)) == expected


def test_a_frozen_model_hides_all_its_layers_from_the_list():
    model = zoo.sequential()
    model.trainable = False
    assert trainable_layers(model) == []


def test_a_weight_tied_to_a_frozen_layer_trains():
    class Tied(keras.layers.Layer):
        def __init__(self, other, **kwargs):
            super().__init__(**kwargs)
            self.kernel = other.kernel

        def call(self, x):
            return keras.ops.matmul(x, keras.ops.transpose(self.kernel))

    inputs = keras.Input((4,))
    first = zoo.dense(4, "first")
    x = first(inputs)
    model = keras.Model(inputs, Tied(first, name="tied")(x))
    set_trainable(model, [first])
    assert ids(model.trainable_weights) == ids(first.weights)


def test_a_compiled_fit_moves_only_the_given_layers():
    model = zoo.block()
    set_trainable(model, select(model, "block/first"))
    before = [np.array(w) for w in model.get_weights()]
    model.compile(keras.optimizers.SGD(0.5), "mse")
    x = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
    model.fit(x, x[:, :1], verbose=0)
    moved = [
        weight.path.split("/")[-2]
        for weight, old in zip(model.weights, before, strict=True)
        if not np.array_equal(np.array(weight), old)
        and "moving" not in weight.path
    ]
    assert set(moved) == {"first"}


def test_statistics_and_seeds_stay_out():
    model = zoo.sequential()
    set_trainable(model, select(model, "all"))
    assert [w.name for w in model.non_trainable_weights] == [
        "moving_mean",
        "moving_variance",
    ]


@pytest.mark.parametrize(
    "layers, message",
    [
        (lambda m: [keras.layers.Dense(1)], "layers of the model 'model'"),
        (lambda m: [m.get_layer("outer")], r"select\(model, 'outer'\)"),
    ],
    ids=["a foreign layer", "a model without weights of its own"],
)
def test_what_cannot_be_set_changes_nothing(layers, message):
    model = zoo.nested(frozen=True)
    before = [layer.trainable for _, layer in walk(model)]
    with pytest.raises(ValueError, match=message):
        set_trainable(model, layers(model))
    assert [layer.trainable for _, layer in walk(model)] == before


def paths(model):
    return [weight.path for weight in model.trainable_weights]


def test_adding_leaves_the_rest_of_a_composite():
    model = zoo.block()
    part = model.get_layer("block")
    part.trainable = False
    part.norm.trainable = True
    model.get_layer("stem").trainable = False
    before = set(paths(model))
    assert before == {
        "block/norm/gamma",
        "block/norm/beta",
        "head/kernel",
        "head/bias",
    }
    train_too(LayerTree(model), select(model, "block/first"))
    added = {"block/first/kernel", "block/first/bias"}
    assert set(paths(model)) == before | added
    assert not part.second.trainable


def test_adding_to_a_model_frozen_whole():
    model = zoo.block()
    model.trainable = False
    train_too(LayerTree(model), select(model, "head"))
    assert paths(model) == ["head/kernel", "head/bias"]


def test_a_layer_without_trainable_weights_keeps_its_flag():
    norm = keras.layers.BatchNormalization(center=False, scale=False)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2), norm])
    model.layers[0].trainable = False
    train_too(LayerTree(model), [model.layers[0]])
    assert norm.trainable
