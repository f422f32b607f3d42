import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.steps.signs import curves_of
from keras_trainkit.diagnostics.steps.signs import signs_in

FALLING = list(np.exp(-np.linspace(0, 8, 20)))
CURVES = {
    "a sound training": ({"loss": FALLING, "val_loss": FALLING}, []),
    "flat": ({"loss": [0.693, 0.694, 0.692, 0.693, 0.693]}, ["flat"]),
    "not finite": ({"loss": [1.0, float("inf"), 1.0]}, ["not finite"]),
    "rising": ({"loss": list(np.geomspace(1, 1e4, 12))}, ["diverges"]),
    "accuracy stands still": (
        {"loss": FALLING, "accuracy": [0.5] * 20},
        ["accuracy stands still"],
    ),
    "a gap": (
        {"loss": FALLING, "val_loss": [one + 0.4 for one in FALLING]},
        ["gap"],
    ),
}


@pytest.mark.parametrize(("curves", "signs"), CURVES.values(), ids=CURVES)
def test_what_curves_show(curves, signs):
    found = signs_in(curves)
    assert set(signs) <= set(found)
    assert signs or found == []


def test_curves_of_a_history_or_a_dict():
    history = keras.callbacks.History()
    history.history = {"loss": [1.0, np.float32(0.5)], "rates": [[1], [2]]}
    assert curves_of(history) == {"loss": [1.0, 0.5]}
    assert curves_of(history.history) == {"loss": [1.0, 0.5]}
    assert curves_of(None) == {}
    assert signs_in({}) == []
