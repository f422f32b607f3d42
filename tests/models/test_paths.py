import keras
import pytest

from keras_trainkit.models.paths import layer_paths
from keras_trainkit.models.paths import walk
from tests.models import zoo

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


def test_names_that_keras_repeats_are_told_apart_by_the_path():
    inputs = keras.Input((4,))
    x = zoo.backbone("one")(zoo.backbone("two")(inputs))
    model = keras.Model(inputs, x)
    paths = layer_paths(model)
    assert len(paths) == len(set(paths)) == 6


def test_walk_lists_what_the_tree_has_read():
    found = walk(zoo.sequential())
    assert [path for path, _ in found] == ["hidden", "norm", "drop", "head"]
