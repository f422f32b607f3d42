"""Flags are read, written back and added to, in every kind of model."""

import keras
import pytest

from keras_trainkit.models.flags import add_trainable
from keras_trainkit.models.flags import flags_or_nothing
from keras_trainkit.models.flags import read_flags
from keras_trainkit.models.flags import write_flags
from keras_trainkit.models.selection import select
from keras_trainkit.models.trainable import set_trainable
from tests.models.zoo import ZOO
from tests.models.zoo import block


def paths(model):
    return [weight.path for weight in model.trainable_weights]


@pytest.mark.parametrize("kind", ZOO)
def test_what_was_read_is_written_back(kind):
    model = ZOO[kind]()
    before, trained = read_flags(model), paths(model)
    set_trainable(model, select(model, lambda layer: layer.built)[:1])
    write_flags(model, before)
    assert read_flags(model) == before
    assert paths(model) == trained


@pytest.mark.parametrize("flag", [True, False])
@pytest.mark.parametrize("kind", ZOO)
def test_one_flag_for_all_is_written_back(kind, flag):
    model = ZOO[kind]()
    before = read_flags(model)
    model.trainable = flag
    write_flags(model, before)
    assert read_flags(model) == before


def test_an_error_leaves_the_flags():
    model = block()
    model.get_layer("block").norm.trainable = False
    before = read_flags(model)
    with pytest.raises(KeyboardInterrupt), flags_or_nothing(model):
        model.trainable = False
        raise KeyboardInterrupt
    assert read_flags(model) == before


def test_without_an_error_flags_stay_as_they_were_set():
    model = block()
    with flags_or_nothing(model):
        model.trainable = False
    assert paths(model) == []


def test_adding_leaves_the_rest_of_a_composite():
    model = block()
    part = model.get_layer("block")
    part.trainable = False
    part.norm.trainable = True
    model.get_layer("stem").trainable = False
    before = set(paths(model))
    assert before == {
        "block/norm/gamma",
        "block/norm/beta",
        "head/kernel",
        "head/bias",
    }
    add_trainable(model, select(model, "block/first"))
    added = {"block/first/kernel", "block/first/bias"}
    assert set(paths(model)) == before | added
    assert not part.second.trainable


def test_adding_to_a_model_frozen_whole():
    model = block()
    model.trainable = False
    add_trainable(model, select(model, "head"))
    assert paths(model) == ["head/kernel", "head/bias"]


def test_a_layer_without_trainable_weights_keeps_its_flag():
    norm = keras.layers.BatchNormalization(center=False, scale=False)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2), norm])
    model.layers[0].trainable = False
    add_trainable(model, [model.layers[0]])
    assert norm.trainable
