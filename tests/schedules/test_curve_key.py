"""Curves share a key only if a step that bakes them in computes the same."""

import math
import types
from functools import partial

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_trainkit.schedules.curve_key import curve_key

S = keras.optimizers.schedules
PEAK = 1.0
SETTINGS = types.ModuleType("settings_of_a_user")
SETTINGS.rate = 0.1
FLOOR = 0.1


def of_a_global(position):
    return PEAK / (1 + position)


def of_a_module(position):
    return SETTINGS.rate


def of_another_function(position):
    return of_a_global(position) + math.pi


def of_a_comprehension(position):
    return sum(PEAK for _ in range(2))


class Constant(S.LearningRateSchedule):
    def __init__(self, value):
        self.value = value

    def __call__(self, step):
        return self.value


class Floored(Constant):
    def __call__(self, step):
        return max(FLOOR, self.value)


class OfItself(Constant):
    def __init__(self):
        self.value = [self]


def enclosing(value):
    return lambda position: position * value


def with_default(value):
    def curve(position, height=value):
        return height

    return curve


def scaled(factor, position):
    return factor * position


class Line:
    def __init__(self, slope):
        self.slope = slope

    def at(self, position):
        return self.slope * position


# Makers of a curve from a number: equal numbers, equal curves.
MAKERS = {
    "partial": lambda v: partial(scaled, v),
    "keyword": lambda v: partial(scaled, factor=v),
    "tuple": lambda v: partial(scaled, ((v, 1.0), "cos")),
    "table": lambda v: partial(scaled, np.array([v, 1.0])),
    "dictionary": lambda v: partial(scaled, {"a": v}),
    "keras": lambda v: S.InverseTimeDecay(v, 4, 0.5),
    "keras, nested": lambda v: partial(scaled, S.ExponentialDecay(v, 2, 0.5)),
    "pieces": lambda v: S.PiecewiseConstantDecay([3, 5], [v, 2.0, 1.0]),
    "user's": Constant,
    "closure": enclosing,
    "default": with_default,
    "cosine": lambda v: S.CosineDecay(0.1, 10, alpha=v),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@given(one=st.floats(0.25, 0.75), other=st.floats(0.25, 0.75))
def test_equal_numbers_make_an_equal_key(make, one, other):
    assert curve_key(make(one)) == curve_key(make(one))
    hash(curve_key(make(one)))
    same = curve_key(make(one)) == curve_key(make(other))
    assert same is (repr(one) == repr(other))


@pytest.mark.parametrize(
    "one, other",
    [
        (partial(scaled, 1), partial(scaled, 1.0)),
        (partial(scaled, 1), partial(scaled, True)),
        (partial(scaled, 0.0), partial(scaled, -0.0)),
        (partial(scaled, (1, 2)), partial(scaled, [1, 2])),
        (partial(scaled, np.zeros(2)), partial(scaled, np.zeros(2, "float32"))),
        (Constant(1.0), Floored(1.0)),
        (S.ExponentialDecay(1, 2, 0.5), S.InverseTimeDecay(1, 2, 0.5)),
        (np.cos, np.sin),
        (math.cos, math.sin),
    ],
)
def test_different_curves_have_different_keys(one, other):
    assert curve_key(one) is not None
    assert curve_key(one) != curve_key(other)


@pytest.mark.parametrize(
    "name, curve",
    [
        ("PEAK", of_a_global),
        ("PEAK", of_another_function),
        ("PEAK", of_a_comprehension),
        ("FLOOR", Floored(0.01)),
    ],
)
def test_a_global_that_is_changed_changes_the_key(name, curve, monkeypatch):
    before = curve_key(curve)
    assert before is not None
    assert curve_key(curve) == before
    monkeypatch.setitem(globals(), name, 2.0)
    assert curve_key(curve) != before


def test_so_does_a_setting_in_a_module(monkeypatch):
    before = curve_key(of_a_module)
    monkeypatch.setattr(SETTINGS, "rate", 0.2)
    assert curve_key(of_a_module) != before


def test_an_attribute_that_is_changed_changes_the_key():
    schedule = Constant(0.1)
    before = curve_key(schedule)
    schedule.value = 0.2
    assert curve_key(schedule) != before


def test_what_holds_itself_has_a_key():
    assert curve_key(OfItself()) == curve_key(OfItself())


@pytest.mark.parametrize(
    "curve",
    [
        Constant(keras.Variable(1.0)),
        partial(scaled, object()),
        Line(1.0).at,
        Constant(np.array([object()])),
    ],
)
def test_what_cannot_be_compared_has_none(curve):
    assert curve_key(curve) is None


def test_an_optimizer_is_itself():
    one, other = keras.optimizers.SGD(), keras.optimizers.SGD()
    keys = [curve_key(partial(scaled, each)) for each in (one, other, one)]
    assert keys[0] == keys[2] != keys[1]
