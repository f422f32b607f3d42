import keras
import pytest

from keras_trainkit.models.forward_order import OrderUnknown
from keras_trainkit.models.last_layers import counted_groups
from keras_trainkit.models.layer_tree import LayerTree
from tests.models import zoo

GROUPS = {
    "sequential": [["hidden", "norm"], ["head"]],
    "nested": [["one", "norm"], ["two"], ["head"]],
    "branches": [
        ["left", "norm_left"],
        ["right", "norm_right", "norm_sum"],
        ["head"],
    ],
    "subclassed": [["model"], ["unused"], ["hidden"], ["head"]],
    "subclassed inside": [
        ["inner"],
        ["unused"],
        ["hidden"],
        ["head"],
        ["top"],
    ],
    "shared": [["middle"], ["both"], ["head"]],
    "block": [["stem"], ["block"], ["head"]],
    "attention": [["stem"], ["attention"], ["head"]],
    "bidirectional": [["stem"], ["both_ways"], ["head"]],
    "cells": [["stem"], ["rnn"], ["head"]],
    "wrapped": [["stem"], ["timed"], ["spectral"], ["head"]],
}


def grouped(model):
    return [zoo.names(group) for group in counted_groups(LayerTree(model))]


@pytest.mark.parametrize("kind", [k for k in GROUPS if k != "shared"])
def test_layers_are_grouped(kind):
    assert grouped(zoo.ZOO[kind]()) == GROUPS[kind]


def test_a_shared_layer_is_in_one_group():
    found = grouped(zoo.shared())
    assert sorted(found[:2]) == [["both"], ["middle"]]
    assert found[2:] == [["head"]]


def test_a_normalisation_before_all_others_goes_with_the_first():
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Normalization(name="scale"),
            zoo.dense(4, "one"),
            zoo.dense(1, "two"),
        ]
    )
    assert grouped(model) == [["one", "scale"], ["two"]]


def test_a_normalisation_behind_a_nested_model_goes_with_its_last_layer():
    inputs = keras.Input((4,))
    norm = keras.layers.LayerNormalization(name="after")
    x = norm(zoo.backbone()(inputs))
    model = keras.Model(inputs, zoo.dense(1, "head")(x))
    assert grouped(model) == [["one", "norm"], ["two", "after"], ["head"]]


def test_a_model_of_normalisations_has_no_groups():
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.BatchNormalization()]
    )
    assert grouped(model) == []


@pytest.mark.parametrize(
    "model",
    [
        lambda: keras.Sequential([keras.layers.Dense(1)]),
        zoo.OwnWeight,
    ],
    ids=["Sequential", "subclassed"],
)
def test_a_model_that_is_not_built_has_no_groups(model):
    with pytest.raises(OrderUnknown, match="has not been built"):
        counted_groups(LayerTree(model()))
