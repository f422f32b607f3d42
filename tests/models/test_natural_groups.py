"""The order and the parts of the smallest groups."""

import keras
import numpy as np
import pytest

from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.models.natural_groups import natural_groups
from tests.models import stacks
from tests.models import zoo


def over_time(layer):
    return stacks.functional(layer)


def in_a_sequential_block():
    """A Sequential inside a stack is part of a block, or one itself."""
    return over_time(
        stacks.Stack(
            stacks.TransformerBlock,
            2,
            behind=keras.Sequential(
                [zoo.dense(4, "a"), zoo.dense(4, "b")], name="two"
            ),
            name="stack",
        )
    )


def own_norm():
    class RootNorm(keras.layers.Layer):
        def build(self, shape):
            self.scale = self.add_weight(shape=shape[-1:])

        def call(self, x):
            return x * self.scale

    return over_time(RootNorm(name="own"))


def image_and_text():
    images = keras.Input((4,))
    words = keras.Input((), dtype="int32")
    image = zoo.dense(4, "pixels")(images)
    text = keras.layers.Embedding(8, 4, name="words")(words)
    return keras.Model([images, words], zoo.dense(1, "head")(image + text))


def only_norms():
    norm = keras.layers.BatchNormalization(name="norm")
    return keras.Sequential([keras.Input((4,)), norm])


def only_its_own():
    class Scale(keras.Model):
        def __init__(self):
            super().__init__(name="scale")
            self.factor = self.add_weight(shape=(), name="factor")

        def call(self, x):
            return x * self.factor

    inputs = keras.Input((4,))
    x = Scale()(zoo.dense(4, "stem")(inputs))
    return keras.Model(inputs, zoo.dense(1, "head")(x))


def norms_without_a_graph():
    class Normed(keras.Model):
        def __init__(self):
            super().__init__()
            self.head = zoo.dense(1, "head")
            self.norm = keras.layers.BatchNormalization(name="norm")
            self.stem = zoo.dense(4, "stem")

        def call(self, x):
            return self.head(self.norm(self.stem(x)))

    model = Normed()
    model(np.ones((2, 4), "float32"))
    return model


GROUPS = {
    "sequential": (zoo.sequential, "hidden norm | head"),
    "nested": (zoo.nested, "one norm | two | head"),
    "branches": (
        zoo.branches,
        "left norm_left | right norm_right norm_sum | head",
    ),
    "subclassed": (zoo.subclassed, "model hidden | head"),
    "subclassed, normalised": (norms_without_a_graph, "stem norm | head"),
    "subclassed inside": (
        zoo.subclassed_inside,
        "inner hidden | head | top",
    ),
    "block": (zoo.block, "stem | block | head"),
    "attention": (zoo.attention, "stem | attention | head"),
    "bidirectional": (zoo.bidirectional, "stem | both_ways | head"),
    "cells": (zoo.cells, "stem | rnn | head"),
    "wrapped": (zoo.wrapped, "stem | timed | spectral | head"),
    "stack": (
        stacks.transformer,
        "stem | block_0 | block_1 | block_2 last_norm | head",
    ),
    "stack with a token": (
        lambda: stacks.transformer(token=True, count=2),
        "stem | stack block_0 | block_1 last_norm | head",
    ),
    "a layer around a stack": (
        lambda: over_time(stacks.Around(stacks.Stack(stacks.DenseBlock, 2))),
        "stem | patches | block_0 | block_1 last_norm | head",
    ),
    "a Sequential in a stack": (
        in_a_sequential_block,
        "stem | block_0 | block_1 last_norm | a b | head",
    ),
    "stack, subclassed": (
        stacks.subclassed,
        "model stem | block_0 | block_1 last_norm | head",
    ),
    "texts": (
        stacks.texts,
        "words positions embedded kinds | block | block_2 | head",
    ),
    "image and text": (image_and_text, "pixels words | head"),
    "a normalisation of another library": (own_norm, "stem own | head"),
    "normalisations alone": (only_norms, "norm"),
    "a model of weights alone": (only_its_own, "stem | scale | head"),
}


@pytest.mark.parametrize("kind", GROUPS)
def test_what_the_groups_are(kind):
    make, expected = GROUPS[kind]
    found = natural_groups(LayerTree(make()))
    assert " | ".join(" ".join(zoo.names(group)) for group in found) == expected


def test_a_layer_that_two_branches_share_is_in_one_group():
    found = [zoo.names(g) for g in natural_groups(LayerTree(zoo.shared()))]
    assert sorted(found[:2]) == [["both"], ["middle"]]
    assert found[2:] == [["head"]]


def test_a_model_without_weights_has_no_groups():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Flatten()])
    assert natural_groups(LayerTree(model)) == []
