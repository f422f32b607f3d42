"""The layers whose units are those of an output."""

import keras
import numpy as np
import pytest

from keras_trainkit.compression.output_layers import output_layers
from keras_trainkit.models.layer_tree import LayerTree
from tests.helpers.models import SubclassedMLP
from tests.helpers.models import mlp

LAYERS = keras.layers
pytestmark = pytest.mark.one_backend


def found(model):
    tree = LayerTree(model)
    ids = output_layers(tree)
    return [path for path, layer in tree.below if id(layer) in ids]


def nested():
    inputs = keras.Input((8,))
    x = mlp()(inputs)
    x = LAYERS.BatchNormalization()(x)
    skipped = LAYERS.Dense(1, name="skipped")(inputs)
    return keras.Model(inputs, LAYERS.Activation("relu")(x + skipped))


def test_they_are_found_in_nested_graphs_and_through_sums():
    assert [path.rsplit("/")[-1] for path in found(nested())] == [
        "head",
        "skipped",
    ]


def test_of_a_composite_all_parts_count():
    inputs = keras.Input((4, 8))
    attention = LAYERS.MultiHeadAttention(2, 2, name="attention")
    model = keras.Model(inputs, attention(inputs, inputs))
    assert {path.split("/")[0] for path in found(model)} == {"attention"}
    assert len(found(model)) > 4


def test_a_subclassed_model_ends_with_its_last_layer():
    model = SubclassedMLP()
    model(np.zeros((1, 8)))
    assert found(model) == ["head"]


class TwoHeads(keras.Model):
    """Both outputs are made of one trunk, the first one through an Add."""

    def __init__(self):
        super().__init__()
        self.trunk = LAYERS.Dense(4, name="trunk")
        self.one = LAYERS.Dense(2, name="one")
        self.beside = LAYERS.Dense(2, name="beside")
        self.two = LAYERS.Dense(3, name="two")

    def call(self, x):
        h = keras.ops.tanh(self.trunk(x))
        return {"one": self.one(h) + self.beside(x), "two": self.two(h)}


def test_all_outputs_of_a_subclassed_model_count():
    model = TwoHeads()
    model(np.zeros((1, 8)))
    assert found(model) == ["one", "beside", "two"]


class OnNumbers(SubclassedMLP):
    """Its code needs numbers, so it does not run on symbolic tensors."""

    def call(self, x):
        x = super().call(x)
        return x if float(keras.ops.stop_gradient(keras.ops.max(x))) < 9 else -x


def test_of_a_model_that_cannot_be_traced_it_is_the_last_layer():
    model = OnNumbers()
    model(np.zeros((1, 8)))
    assert found(model) == ["head"]
