import keras
import pytest

from keras_trainkit.models.forward_order import OrderUnknown
from keras_trainkit.models.paths import layer_paths
from keras_trainkit.models.paths import owners
from keras_trainkit.models.paths import walk
from tests.models import zoo

WALKS = {
    "sequential": ["hidden", "norm", "drop", "head"],
    "nested": [
        "outer",
        "outer/backbone",
        "outer/backbone/one",
        "outer/backbone/norm",
        "outer/backbone/two",
        "head",
    ],
    "branches": [
        "left",
        "right",
        "norm_left",
        "norm_right",
        "add",
        "norm_sum",
        "head",
    ],
    "subclassed": ["unused", "hidden", "drop", "head"],
    "subclassed inside": [
        "inner",
        "inner/unused",
        "inner/hidden",
        "inner/drop",
        "inner/head",
        "top",
    ],
}

PATHS = {
    "sequential": ["hidden", "norm", "head"],
    "nested": [
        "outer/backbone/one",
        "outer/backbone/norm",
        "outer/backbone/two",
        "head",
    ],
    "subclassed": ["model", "unused", "hidden", "head"],
    "subclassed inside": [
        "inner",
        "inner/unused",
        "inner/hidden",
        "inner/head",
        "top",
    ],
    "shared": ["left/both", "right/middle", "right/both", "head"],
    "block": ["stem", "block", "head"],
    "attention": ["stem", "attention", "head"],
    "bidirectional": ["stem", "both_ways", "head"],
    "cells": ["stem", "rnn", "head"],
    "wrapped": ["stem", "timed", "spectral", "head"],
}


@pytest.mark.parametrize("kind", WALKS)
def test_walk_opens_everything_in_forward_order(kind):
    assert [path for path, _ in walk(zoo.ZOO[kind]())] == WALKS[kind]


def test_walk_yields_a_shared_layer_under_each_path():
    found = [(p, one) for p, one in walk(zoo.shared()) if one.name == "both"]
    (left, one), (right, same) = found
    assert (left, right) == ("left/both", "right/both")
    assert one is same


@pytest.mark.parametrize(
    "kind, inside",
    [
        ("block", {"block/first", "block/second", "block/norm"}),
        (
            "attention",
            {
                f"attention/{part}"
                for part in ("query", "key", "value", "attention_output")
            },
        ),
        ("bidirectional", {"both_ways/forward_lstm/lstm_cell"}),
        ("cells", {"rnn/stacked_rnn_cells/low"}),
        ("wrapped", {"timed/backbone/two", "spectral/inner"}),
    ],
)
def test_walk_opens_composites(kind, inside):
    keras.utils.clear_session()
    assert inside <= {path for path, _ in walk(zoo.ZOO[kind]())}


@pytest.mark.parametrize("kind", PATHS)
def test_layer_paths_closes_composites_and_names_owners(kind):
    assert layer_paths(zoo.ZOO[kind]()) == PATHS[kind]


def test_layer_paths_of_a_model_that_is_not_built_lists_its_attributes():
    assert layer_paths(zoo.OwnWeight(name="model")) == [
        "model",
        "head",
        "hidden",
        "unused",
    ]


def test_strict_walking_refuses_what_is_not_built():
    with pytest.raises(OrderUnknown, match="has not been built"):
        list(walk(zoo.OwnWeight(), strict=True))


def test_owners_are_named_by_the_paths_that_are_listed():
    model = zoo.block()
    assert [(p, one.name) for p, one in owners(model)] == [
        (path, path) for path in PATHS["block"]
    ]


def test_names_that_keras_repeats_are_told_apart_by_the_path():
    inputs = keras.Input((4,))
    x = zoo.backbone("one")(zoo.backbone("two")(inputs))
    model = keras.Model(inputs, x)
    paths = layer_paths(model)
    assert len(paths) == len(set(paths)) == 6
