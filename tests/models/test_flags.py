"""Flags are read and written back, in every kind of model."""

import pytest

from keras_trainkit.models.flags import flags_or_nothing
from keras_trainkit.models.flags import read_flags
from keras_trainkit.models.flags import write_flags
from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.models.selection import selected
from keras_trainkit.models.trainable import train_only
from tests.models.zoo import ZOO
from tests.models.zoo import block


def paths(model):
    return [weight.path for weight in model.trainable_weights]


@pytest.mark.parametrize("kind", ZOO)
def test_what_was_read_is_written_back(kind):
    tree = LayerTree(ZOO[kind]())
    before, trained = read_flags(tree), paths(tree.model)
    train_only(tree, selected(tree, lambda layer: layer.built)[:1])
    write_flags(tree, before)
    assert read_flags(tree) == before
    assert paths(tree.model) == trained


@pytest.mark.parametrize("flag", [True, False])
@pytest.mark.parametrize("kind", ZOO)
def test_one_flag_for_all_is_written_back(kind, flag):
    tree = LayerTree(ZOO[kind]())
    before = read_flags(tree)
    tree.model.trainable = flag
    write_flags(tree, before)
    assert read_flags(tree) == before


def test_an_error_leaves_the_flags():
    model = block()
    model.get_layer("block").norm.trainable = False
    tree = LayerTree(model)
    before = read_flags(tree)
    with pytest.raises(KeyboardInterrupt), flags_or_nothing(tree):
        model.trainable = False
        raise KeyboardInterrupt
    assert read_flags(tree) == before


def test_without_an_error_flags_stay_as_they_were_set():
    model = block()
    with flags_or_nothing(LayerTree(model)):
        model.trainable = False
    assert paths(model) == []
