"""Where the border of a model lies."""

import keras
import pytest

import keras_trainkit as ktk
from keras_trainkit.transfer.frozen_trunk.border import Border
from tests.helpers.frozen_backbone import reused

L = keras.layers


def names(steps):
    return [step.operation.name for step in steps if step.node is not None]


def test_dropout_in_front_of_the_head_belongs_to_it():
    border = Border(reused())
    assert names(border.trunk) == ["backbone"]
    assert names(border.head) == ["drop", "head"]
    assert border.random_in_trunk() == []


def test_what_draws_in_front_of_frozen_weights_stays_in_the_trunk():
    noise = L.GaussianNoise(0.1, name="noise")
    assert Border(reused(noise)).random_in_trunk() == [noise]


def test_recurrent_layers_without_dropout_do_not_draw():
    model = keras.Sequential(
        [keras.Input((3, 2)), L.LSTM(2, name="read"), L.Dense(1, name="head")]
    )
    ktk.transfer.freeze(model, "read")
    assert Border(model).random_in_trunk() == []


def test_a_normalization_that_updates_statistics_belongs_to_the_head():
    norm = L.BatchNormalization(scale=False, center=False, name="norm")
    model = keras.Sequential(
        [keras.Input((4,)), L.Dense(3, name="a"), norm, L.Dense(1, name="b")]
    )
    ktk.transfer.freeze(model, "a")
    assert names(Border(model).head) == ["norm", "b"]
    norm.trainable = False
    assert names(Border(model).head) == ["b"]


def test_a_nested_model_is_opened_where_the_cut_goes_through():
    border = Border(reused(), "backbone/second")
    assert names(border.trunk) == ["first", "norm"]
    assert names(border.head) == ["second", "last", "drop", "head"]


def test_a_nested_head_stays_whole():
    inner = keras.Sequential(
        [keras.Input((3,)), L.Dense(2), L.Dense(1)], name="inner"
    )
    inputs = keras.Input((4,))
    model = keras.Model(inputs, inner(L.Dense(3, name="a")(inputs)))
    ktk.transfer.freeze(model, "a")
    assert names(Border(model).head) == ["inner"]


def test_inputs_that_are_read_for_a_mask_alone_do_not_cross():
    border = Border(reused(), "backbone/second")
    assert [border.specs[ref].shape for ref in border.crossing] == [(None, 6)]
    assert len(border.masks) == 1


def subclassed():
    class Model(keras.Model):
        def call(self, x):
            return x

    return Model()


ERRORS = {
    "subclassed": (subclassed, None, TypeError, "graph"),
    "no model": (lambda: 3, None, TypeError, "Sequential"),
    "nothing frozen": (
        lambda: reused(freeze=False),
        None,
        ValueError,
        "is frozen",
    ),
    "no such layer": (reused, "heads", ValueError, "backbone/second"),
    "the first layer": (
        reused,
        "backbone/first",
        ValueError,
        "comes before the head",
    ),
    "an int out of range": (reused, 9, ValueError, "at most"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_a_cut_that_is_none_is_refused(case):
    make, at, error, message = ERRORS[case]
    with pytest.raises(error, match=message):
        Border(make(), at)


def test_a_model_in_which_nothing_trains_is_refused():
    model = reused()
    ktk.transfer.freeze(model, "all")
    with pytest.raises(ValueError, match="in which a layer trains"):
        Border(model)
