"""Groups as a list, merged, and as a selection."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.models.groups import group_weights
from keras_trainkit.models.groups import groups
from keras_trainkit.models.groups import layer_groups
from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.models.selection import select
from tests.models import stacks
from tests.models import zoo

MODELS = {
    **zoo.ZOO,
    "stack": lambda: stacks.transformer(token=True),
    "stack, subclassed": stacks.subclassed,
    "texts": stacks.texts,
}


def ids(weights):
    return sorted(id(weight) for weight in weights)


@pytest.mark.one_backend
@pytest.mark.parametrize("kind", MODELS)
def test_every_weight_is_in_exactly_one_group(kind):
    model = MODELS[kind]()
    found = group_weights(LayerTree(model), layer_groups(model))
    assert ids(w for group in found for w in group) == ids(model.weights)
    assert all(found)


@pytest.mark.one_backend
@pytest.mark.parametrize("kind", MODELS)
def test_a_selection_of_groups_holds_the_weights_of_these_groups(kind):
    model = MODELS[kind]()
    tree, found = LayerTree(model), layer_groups(model)
    n = len(found) - 1
    flat = [w for g in group_weights(tree, found)[-n:] for w in g]
    chosen = select(model, groups(n))
    held = {id(w): w for one in chosen for w in tree.held_weights(one)}
    assert ids(held.values()) == ids(flat)


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "n, sizes", [(1, [6]), (2, [3, 3]), (4, [2, 2, 1, 1]), (6, [1] * 6)]
)
def test_neighbours_are_merged(n, sizes):
    layers = [zoo.dense(2, str(i)) for i in range(6)]
    model = keras.Sequential([keras.Input((2,)), *layers])
    found = layer_groups(model, np.int64(n))
    assert [len(group) for group in found] == sizes
    assert [one for group in found for one in group] == layers


@pytest.mark.one_backend
@pytest.mark.one_backend
@pytest.mark.parametrize(
    "selection, expected",
    [
        (groups(1), ["head"]),
        (groups(np.int64(2)), ["block_1", "last_norm", "head"]),
        (groups(3), ["block_0", "block_1", "last_norm", "head"]),
        (groups(4), ["stem", "block_0", "block_1", "last_norm", "head"]),
        (groups(1, of=2), ["block_1", "last_norm", "head"]),
        (groups(1, of=1), ["stem", "block_0", "block_1", "last_norm", "head"]),
    ],
    ids=repr,
)
def test_what_a_selection_of_groups_means(selection, expected):
    model = stacks.transformer(count=2)
    chosen = zoo.names(select(model, selection))
    assert chosen == expected


def test_a_stack_that_is_selected_whole_stands_for_its_blocks():
    model = stacks.transformer(count=2, token=True)
    assert zoo.names(select(model, groups(3))) == ["stack", "head"]
    below = zoo.names(select(model, groups(2)))
    assert below == ["block_1", "last_norm", "head"]


@pytest.mark.one_backend
def test_what_is_set_trainable_is_the_groups():
    model = stacks.transformer(count=3, token=True)
    ktk.transfer.set_trainable(model, groups(2))
    trained = {w.path.split("/")[1] for w in model.trainable_weights[:-2]}
    assert trained == {"block_2", "last_norm"}
    ktk.transfer.unfreeze(model, groups(3))
    stack = model.get_layer("stack")
    assert stack.block_1.trainable and not stack.block_0.trainable
    assert not stack.own.trainable
    ktk.transfer.freeze(model, groups(1))
    assert not model.get_layer("head").trainable
    assert stack.block_2.trainable


def test_equal_arguments_make_equal_selections():
    assert groups(2) == groups(np.int8(2)) != groups(3)
    assert groups(2, of=4) != groups(2)
    assert hash(groups(2, of=4)) == hash(groups(2, of=4))


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "selection, text",
    [(groups(2), "groups(2)"), (groups(2, of=4), "groups(2, of=4)")],
)
def test_it_reads_as_it_is_written(selection, text):
    assert repr(selection) == text


@pytest.mark.one_backend
@pytest.mark.one_backend
@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: groups(0), ValueError, "at least 1.*n=0"),
        (lambda: groups(3, of=2), ValueError, "from 1 to 2.*n=3"),
        (lambda: groups(1, of=0), ValueError, "at least 1.*of=0"),
        (lambda: groups(True), TypeError, "an integer"),
        (lambda: groups(1.0), TypeError, "an integer"),
        (lambda: groups("head"), TypeError, "an integer"),
        (
            lambda: select(zoo.sequential(), groups(3)),
            ValueError,
            r"at most 2 groups.*selection=groups\(3\)",
        ),
        (
            lambda: select(zoo.sequential(), groups(2, of=3)),
            ValueError,
            "`of` must be at most 2",
        ),
        (lambda: layer_groups(zoo.sequential(), 3), ValueError, "at most 2"),
        (lambda: layer_groups(zoo.sequential(), 0), ValueError, "at least 1"),
        (lambda: layer_groups(zoo.sequential(), "2"), TypeError, "integer"),
        (lambda: layer_groups(zoo.dense(1, "head")), TypeError, "keras.Model"),
        (
            lambda: layer_groups(keras.Sequential([zoo.dense(1, "head")])),
            ValueError,
            "has not been built",
        ),
    ],
)
def test_what_cannot_be_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_stage_out_of_range_leaves_the_model_as_it_was():
    model = zoo.sequential()
    with pytest.raises(ValueError, match=r"groups\(9\)"):
        ktk.transfer.set_trainable(model, groups(9))
    assert all(layer.trainable for layer in model.layers)
