import keras
import pytest

from tests.helpers.layer_rules import L
from tests.helpers.layer_rules import said
from tests.helpers.layer_rules import stack

pytestmark = pytest.mark.one_backend

SAID = {
    "an LSTM with ReLU": (
        lambda: stack(
            L.LSTM(4, activation="relu", name="lstm"), L.Dense(1), inputs=(9, 1)
        ),
        [("A106", "advice", "lstm")],
    ),
    "a long one": (
        lambda: stack(
            L.GRU(4, activation="relu", name="gru"), L.Dense(1), inputs=(200, 1)
        ),
        [("A106", "warning", "gru")],
    ),
    "a long one with clipped gradients": (
        lambda: stack(
            L.GRU(4, activation="relu", name="gru"),
            L.Dense(1),
            inputs=(200, 1),
            optimizer=keras.optimizers.Adam(clipnorm=1.0),
        ),
        [("A106", "advice", "gru")],
    ),
    "an LSTM as Keras makes it": (
        lambda: stack(L.LSTM(4), L.Dense(1), inputs=(200, 1)),
        [],
    ),
    "an exponential inside": (
        lambda: stack(L.Dense(8, "exponential", name="inside"), L.Dense(1)),
        [("A108", "warning", "inside")],
    ),
    "an exponential in the end": (
        lambda: stack(L.Dense(8, "relu"), L.Dense(1, "exponential")),
        [],
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_said_of_activations_without_bound(name):
    build, expected = SAID[name]
    assert said(build(), "A106", "A108") == expected
