import keras
import pytest

from keras_trainkit.models.owned import own_weights
from keras_trainkit.models.owned import owns_weights
from tests.models import zoo


def test_own_weights_are_those_that_no_sublayer_holds():
    block = zoo.block().get_layer("block")
    assert [w.name for w in own_weights(block)] == ["gate", "n"]


def test_a_layer_without_sublayers_owns_all_it_has():
    norm = zoo.sequential().get_layer("norm")
    assert own_weights(norm) == norm.weights


@pytest.mark.parametrize(
    "layer, owns",
    [
        (lambda: zoo.nested(), False),
        (lambda: zoo.subclassed(), True),
        (lambda: zoo.block().get_layer("block"), True),
        (lambda: keras.layers.Dense(1), True),
        (lambda: keras.layers.Dropout(0.5), False),
        (lambda: keras.layers.Activation("relu"), False),
    ],
    ids=[
        "a model without weights of its own",
        "a model with a weight of its own",
        "a composite",
        "a layer not built",
        "a random layer",
        "a function",
    ],
)
def test_who_owns_weights(layer, owns):
    assert owns_weights(layer()) is owns
