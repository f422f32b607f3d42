"""What one reading of a model finds, and how often it goes down."""

import keras
import numpy as np
import pytest

from keras_trainkit.models.forward_order import OrderUnknown
from keras_trainkit.models.layer_tree import LayerTree
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


@pytest.mark.parametrize("kind", WALKS)
def test_it_opens_everything_in_forward_order(kind):
    assert [path for path, _ in LayerTree(zoo.ZOO[kind]()).below] == WALKS[kind]


def test_it_lists_a_shared_layer_under_each_path():
    found = [
        (p, one)
        for p, one in LayerTree(zoo.shared()).below
        if one.name == "both"
    ]
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
def test_it_opens_composites(kind, inside):
    keras.utils.clear_session()
    assert inside <= {path for path, _ in LayerTree(zoo.ZOO[kind]()).below}


@pytest.mark.parametrize(
    "model",
    [lambda: keras.Sequential([keras.layers.Dense(1)]), zoo.OwnWeight],
    ids=["Sequential", "subclassed"],
)
def test_what_is_not_built_is_read_without_an_order(model):
    tree = LayerTree(model())
    assert tree.below != []
    with pytest.raises(OrderUnknown, match="has not been built"):
        tree.require_order()


def test_what_is_built_has_an_order():
    assert LayerTree(zoo.subclassed_inside()).require_order() is None


def test_owners_close_composites():
    tree = LayerTree(zoo.block())
    found = [(path, one.name) for path, one in tree.owners]
    assert found == [(name, name) for name in ("stem", "block", "head")]


def test_a_shared_layer_is_among_the_layers_once():
    assert zoo.names(LayerTree(zoo.shared()).layers).count("both") == 1


def test_what_is_inside_a_composite():
    tree = LayerTree(zoo.block())
    block = tree.model.get_layer("block")
    assert set(zoo.names(tree.inside(block))) == {"first", "second", "norm"}
    assert tree.inside(block.first) == []


def test_own_weights_are_those_that_no_sublayer_holds():
    tree = LayerTree(zoo.block())
    block = tree.model.get_layer("block")
    assert [w.name for w in tree.own_weights(block)] == ["gate", "n"]


def test_a_model_stands_for_its_own_weights_a_composite_for_all():
    tree = LayerTree(zoo.subclassed())
    assert zoo.names(tree.held_weights(tree.model)) == ["scale", "step"]
    tree = LayerTree(zoo.block())
    block = tree.model.get_layer("block")
    assert tree.held_weights(block) == block.weights


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
    one = layer()
    assert LayerTree(one).owns_weights(one) is owns


class Twins(keras.Model):
    """Two layers of one name, one of them held twice."""

    def __init__(self):
        super().__init__(name="twins")
        self.first = keras.layers.Dense(3, name="same")
        self.second = keras.layers.Dense(3, name="same")
        self.again = self.first

    def call(self, x):
        return self.second(self.first(x))


def test_layers_of_one_name_have_paths_of_their_own():
    model = Twins()
    model(np.zeros((2, 4), "float32"))
    paths = LayerTree(model).paths
    assert list(paths.values()) == ["same", "same (2)"]
    assert paths[id(model.second)] == "same (2)"
