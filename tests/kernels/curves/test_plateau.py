"""When a plateau is kicked: closed cases, Keras as an oracle, laws."""

from itertools import groupby
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from keras_trainkit.kernels.curves.plateau import PlateauRule
from keras_trainkit.kernels.curves.plateau import Watched

GOOD = {"patience": 2, "duration": 1}
NAN, INF = float("nan"), float("inf")
FLAT = [1.0] * 12


def pattern(rule, values):
    """Returns a character per epoch: `^` where the rate is raised."""
    seen, epochs = Watched(), ""
    for value in values:
        epochs += "^" if seen.raised else "."
        seen = rule.after(seen, value)
    return epochs


@pytest.mark.parametrize(
    "rule, values, expected",
    [
        ({}, FLAT, "...^...^...^"),
        ({"duration": 3}, FLAT, "...^^^...^^^"),
        ({"cooldown": 2}, FLAT, "...^.....^.."),
        ({"max_kicks": 1}, FLAT, "...^........"),
        ({"max_kicks": 2}, FLAT, "...^...^...."),
        ({"patience": 1, "duration": 2}, FLAT, "..^^..^^..^^"),
        ({}, range(12, 0, -1), "............"),
        ({"min_delta": 2}, range(12, 0, -1), "...^...^...^"),
        ({}, [3, 2, 2, 1, 1, 1, 0], "......^"),
        # A kick makes worse; the way down again is no plateau.
        ({}, [2, 2, 2, 9, 8, 7, 6, 5, 4, 3, 3, 3, 3], "...^........^"),
        # What was best before the kick, and within it, is forgotten.
        ({}, [2, 2, 2, 1, 3, 3, 3, 3], "...^...^"),
        ({}, [1, 1, NAN, 1, 1, 1], ".....^"),
        ({}, [NAN] * 6, "......"),
        ({}, [INF] * 6, "......"),
        ({}, [-INF] * 6, "......"),
    ],
)
def test_which_epochs_are_raised(rule, values, expected):
    assert pattern(PlateauRule(**{**GOOD, **rule}), values) == expected


RULES = st.builds(
    PlateauRule,
    patience=st.integers(1, 4),
    duration=st.integers(1, 3),
    cooldown=st.integers(0, 3),
    max_kicks=st.none() | st.integers(1, 3),
    min_delta=st.sampled_from([0.0, 0.5, 1.0]),
)
VALUES = st.lists(st.integers(0, 4), min_size=1, max_size=60)


@given(RULES, VALUES)
def test_kicks_have_their_length_their_distance_and_their_number(rule, values):
    runs = [
        (raised, len(list(run)))
        for raised, run in groupby(pattern(rule, values))
    ]
    kicks = [length for raised, length in runs if raised == "^"]
    waits = [length for raised, length in runs if raised == "."]
    assert all(length == rule.duration for length in kicks[:-1])
    assert all(length <= rule.duration for length in kicks[-1:])
    assert len(kicks) <= (rule.max_kicks or len(values))
    if kicks:
        assert waits[0] > rule.patience
    between = waits[1 : len(kicks)]
    assert all(w > rule.cooldown + rule.patience for w in between)


@given(RULES, VALUES, st.integers(-9, 9))
def test_only_differences_count(rule, values, shift):
    assert pattern(rule, values) == pattern(rule, [v + shift for v in values])


def first_reduction(rule, values):
    """Returns the epoch after which Keras's callback lowers the rate."""
    callback = keras.callbacks.ReduceLROnPlateau(
        "score",
        factor=0.5,
        patience=rule.patience,
        mode="min",
        min_delta=rule.min_delta,
    )
    optimizer = SimpleNamespace(learning_rate=1.0)
    callback.set_model(SimpleNamespace(optimizer=optimizer))
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {"score": float(value)})
        if optimizer.learning_rate < 1:
            return epoch
    return None


@settings(max_examples=50)
@given(RULES, VALUES)
def test_the_first_plateau_is_where_keras_sees_it(rule, values):
    kick = pattern(rule, [*values, 0]).find("^")
    reduction = first_reduction(rule, values)
    assert kick == (-1 if reduction is None else reduction + 1)


def test_sound_rules_pass():
    PlateauRule(**GOOD).check()
    PlateauRule(1, 1, cooldown=0, max_kicks=None, min_delta=0).check()
    PlateauRule(np.int64(1), np.uint8(1), max_kicks=np.int32(2)).check()


@pytest.mark.parametrize(
    "name, value, error",
    [
        ("patience", 0, ValueError),
        ("patience", 2.5, TypeError),
        ("patience", 2.0, TypeError),
        ("patience", None, TypeError),
        ("duration", 0, ValueError),
        ("duration", True, TypeError),
        ("cooldown", -1, ValueError),
        ("max_kicks", 0, ValueError),
        ("max_kicks", "3", TypeError),
        ("min_delta", -1e-4, ValueError),
        ("min_delta", NAN, ValueError),
        ("min_delta", INF, ValueError),
    ],
)
def test_others_are_refused(name, value, error):
    rule = PlateauRule(**{**GOOD, name: value})
    with pytest.raises(error, match=f"`{name}` must be .*Received: {name}="):
        rule.check()


def test_what_was_not_measured_is_not_waited_for():
    rule = PlateauRule(patience=2, duration=2, cooldown=1)
    seen = rule.after(Watched(best=1.0, waited=1), None)
    assert seen == Watched(best=1.0, waited=1)
    seen = rule.after(Watched(raised=2, resting=1, kicks=1), None)
    assert seen == Watched(raised=1, resting=1, kicks=1)
    seen = rule.after(Watched(resting=1, kicks=1), None)
    assert seen == Watched(kicks=1)
