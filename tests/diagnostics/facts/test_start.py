"""Losses of guesses, against Keras's own losses of constant answers."""

import types

import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.facts.start import beyond_chance
from keras_trainkit.diagnostics.facts.start import constant_answer

pytestmark = pytest.mark.one_backend

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 3, 60)
ONE_HOT = np.eye(3)[LABELS]
SHARES = ONE_HOT.mean(axis=0)
VALUES = RNG.normal(size=(60, 2)) * 3 + 1
YES = (RNG.random((60, 1)) < 0.2).astype("float64")

ANSWERS = {
    "sparse_categorical_crossentropy": (LABELS, SHARES),
    "categorical_crossentropy": (ONE_HOT, SHARES),
    "binary_crossentropy": (YES, YES.mean(axis=0)),
    "mean_squared_error": (VALUES, VALUES.mean(axis=0)),
    "mean_absolute_error": (VALUES, np.median(VALUES, axis=0)),
}


def head(name, units=3):
    return types.SimpleNamespace(loss_name=name, units=units)


@pytest.mark.parametrize("name", ANSWERS)
def test_the_best_constant_answer(name):
    y, answer = ANSWERS[name]
    repeated = np.tile(answer, (len(y), 1)).astype("float32")
    loss = keras.losses.get(name)(y.astype("float32"), repeated)
    expected = float(keras.ops.convert_to_numpy(loss).mean())
    assert constant_answer(head(name), y) == pytest.approx(expected, rel=1e-4)


def test_of_other_losses_nothing_is_known():
    assert constant_answer(head("poisson"), VALUES) is None
    assert constant_answer(head("mean_squared_error"), [VALUES] * 2) is None


CHANCES = {
    "a guess": ("sparse_categorical_crossentropy", LABELS, 1.1, None),
    "certain": ("sparse_categorical_crossentropy", LABELS, 9.0, np.log(3)),
    "yes or no": ("binary_crossentropy", YES, 5.0, np.log(2)),
    "squares": ("mean_squared_error", VALUES, 1e4, 9.0),
    "a few times": ("mean_squared_error", VALUES, 90.0, None),
    "deviations": ("mean_absolute_error", VALUES, 1e3, 3.0),
    "unknown": (None, VALUES, 1e9, None),
    "equal targets": ("mean_squared_error", 0 * VALUES, 1e4, None),
}


@pytest.mark.parametrize("name, y, loss, chance", CHANCES.values(), ids=CHANCES)
def test_far_above_chance(name, y, loss, chance):
    found, what = beyond_chance(head(name), y, loss)
    if chance is None:
        assert found is None
    else:
        assert found == pytest.approx(chance, rel=0.2)
        assert what


@pytest.mark.parametrize("name", ["mean_squared_error", "mean_absolute_error"])
def test_targets_far_from_0_are_no_fault_of_the_outputs(name):
    y = VALUES + 1000.0
    of_zero = keras.losses.get(name)(y, np.zeros_like(y))
    loss = float(keras.ops.convert_to_numpy(of_zero).mean())
    assert beyond_chance(head(name), y, loss) == (None, "")
    assert beyond_chance(head(name), y, 10 * loss)[0] > 0
