"""Which batch normalisation belongs to which layer."""

import keras
import pytest

from keras_trainkit.compression.normalized_units import normalizations_of
from tests.helpers.models import SubclassedMLP

LAYERS = keras.layers
pytestmark = pytest.mark.one_backend


def names(model):
    found = normalizations_of(model)
    return {
        layer.name: [one.name for one in found[id(layer)]]
        for layer in model.layers
        if id(layer) in found
    }


def test_each_has_the_layer_right_before_it_or_none():
    inputs = keras.Input((4,))
    first = LAYERS.Dense(4, name="first")
    one = LAYERS.BatchNormalization(name="one")(first(inputs))
    two = LAYERS.BatchNormalization(name="two")(LAYERS.ReLU()(first(one)))
    both = LAYERS.BatchNormalization(name="both")(one + two)
    shared = LAYERS.BatchNormalization(name="shared")
    last = shared(LAYERS.Dense(4, name="last")(both))
    other = shared(LAYERS.Dense(4, name="other")(both))
    model = keras.Model(inputs, [last, other])
    assert names(model) == {"first": ["one", "two"]}


def test_without_a_graph_there_are_none():
    assert normalizations_of(SubclassedMLP()) == {}
