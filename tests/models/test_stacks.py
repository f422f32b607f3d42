"""Which layers count as one block, and which as many."""

import keras
import pytest

from keras_trainkit.models.forward_order import OrderUnknown
from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.models.stacks import Stacks
from tests.models import stacks
from tests.models import zoo

pytestmark = pytest.mark.one_backend


class Blocks(keras.layers.Layer):
    """Layers called one after the other."""

    def __init__(self, *layers, **kwargs):
        super().__init__(**kwargs)
        self.parts = list(layers)

    def build(self, shape):
        for part in self.parts:
            part.build(shape)

    def call(self, x):
        for part in self.parts:
            x = part(x)
        return x


def two_cells():
    return keras.layers.Bidirectional(
        keras.layers.RNN([keras.layers.GRUCell(2), keras.layers.GRUCell(2)])
    )


def two_ways():
    return keras.layers.Bidirectional(
        keras.layers.LSTM(2, return_sequences=True)
    )


CASES = {
    "transformer blocks": (
        lambda: stacks.Stack(stacks.TransformerBlock),
        True,
    ),
    "decoder blocks": (
        lambda: Blocks(
            stacks.TransformerBlock(True), stacks.TransformerBlock(True)
        ),
        True,
    ),
    "blocks of dense layers": (lambda: stacks.Stack(stacks.DenseBlock), True),
    "blocks and a layer behind them": (
        lambda: stacks.Stack(
            stacks.DenseBlock, behind=keras.layers.Dense(4, name="behind")
        ),
        False,
    ),
    "transformer blocks and a layer behind them": (
        lambda: stacks.Stack(
            stacks.TransformerBlock, behind=keras.layers.Dense(4, name="behind")
        ),
        True,
    ),
    "a layer around a stack": (
        lambda: stacks.Around(stacks.Stack(stacks.DenseBlock)),
        True,
    ),
    "blocks in a Sequential": (
        lambda: Blocks(keras.Sequential([stacks.DenseBlock() for _ in "ab"])),
        True,
    ),
    "one block": (lambda: stacks.Stack(stacks.TransformerBlock, 1), False),
    "a block": (stacks.TransformerBlock, False),
    "a decoder's block": (lambda: stacks.TransformerBlock(True), False),
    "dense layers": (stacks.DenseBlock, False),
    "attention": (stacks.OwnAttention, False),
    "layers of Keras's own, each of several": (
        lambda: Blocks(two_ways(), two_ways()),
        False,
    ),
    "two directions of two cells": (two_cells, False),
    "two Sequential models": (
        lambda: Blocks(
            keras.Sequential([zoo.dense(4, "a"), zoo.dense(4, "b")]),
            keras.Sequential([zoo.dense(4, "a"), zoo.dense(4, "b")]),
        ),
        False,
    ),
}


@pytest.mark.parametrize("kind", CASES)
def test_what_is_a_stack(kind):
    make, expected = CASES[kind]
    layer = make()
    inputs = keras.Input((3, 4))
    tree = LayerTree(keras.Model(inputs, layer(inputs)))
    assert Stacks(tree).is_opened(layer) is expected


class Untraceable(Blocks):
    def call(self, x):
        raise RuntimeError("not on symbolic inputs")


def test_a_stack_without_an_order_is_an_error():
    layer = Untraceable(stacks.DenseBlock(), stacks.DenseBlock(), name="odd")
    layer.build((None, 3, 4))
    layer.built = True
    with pytest.raises(OrderUnknown, match="model='odd'"):
        Stacks(LayerTree(layer)).is_opened(layer)
