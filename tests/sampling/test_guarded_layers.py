import keras
import pytest

import keras_trainkit as ktk
from keras_trainkit.sampling.guarded_layers import is_users_own
from keras_trainkit.sampling.guarded_layers import modes_that_call
from tests.helpers.random_zoo import Noisy

L = keras.layers


class Holds(L.Layer):
    def __init__(self, *held):
        super().__init__()
        self.held = list(held)


@pytest.mark.parametrize(
    "layer, expected",
    [
        (Noisy(), True),
        (L.Dense(2), False),
        (keras.Sequential(), False),
        (ktk.layers.MCDropout(0.5), False),
    ],
)
def test_whose_a_layer_is(layer, expected):
    assert is_users_own(layer) == expected


def modes(guarded, every):
    drops = [one for one in every if isinstance(one, L.Dropout)]
    found = modes_that_call(guarded, every, drops)
    return [{one for one, training in way.items() if training} for way in found]


def test_the_nearest_come_first_and_then_all_around():
    drop, norm = L.Dropout(0.5), L.BatchNormalization()
    inner = Holds(drop, norm)
    keras_own = keras.Sequential([inner])
    outer, beside = Holds(keras_own), Holds(L.Dropout(0.5))
    every = [drop, norm, inner, keras_own, outer, beside]
    assert modes([drop], every) == [{inner}, {inner, outer}]
    (first, _) = modes_that_call([drop], every, [drop])
    assert first[norm] is False and drop not in first


def test_what_is_held_twice_is_reached_by_both():
    drop = L.Dropout(0.5)
    one, inner = Holds(drop), Holds(drop)
    outer = Holds(inner)
    every = [drop, one, inner, outer]
    assert modes([drop], every) == [{one, inner}, {one, inner, outer}]


def test_one_way_is_tried_once():
    drop = L.Dropout(0.5)
    holds = Holds(drop)
    assert modes([drop], [drop, holds]) == [{holds}]


def test_without_code_of_a_user_there_is_no_way():
    drop = L.Dropout(0.5)
    assert modes([drop], [drop, keras.Sequential([drop])]) == []
