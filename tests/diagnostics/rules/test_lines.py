import keras
import pytest

from keras_trainkit.diagnostics.rules.lines import layer_line
from keras_trainkit.diagnostics.rules.lines import listed

pytestmark = pytest.mark.one_backend

L = keras.layers


@pytest.mark.parametrize(
    "names, text",
    [
        ([], ""),
        (["a"], "a"),
        (["a", "a", "b"], "a and b"),
        (["a", "b", "c", "d"], "a, b, c and d"),
        (["a", "b", "c", "d", "e"], "a, b, c and 2 more"),
    ],
)
def test_names_are_listed_as_a_reader_takes_them_in(names, text):
    assert listed(names) == text


def own(x):
    return x


@pytest.mark.parametrize(
    "layer, changes, line",
    [
        (L.Dense(3), {}, "Dense(3)"),
        (L.Dense(3, "relu"), {}, 'Dense(3, activation="relu")'),
        (L.Dense(3, "relu"), {"activation": None}, "Dense(3)"),
        (L.Dense(3, own), {}, "Dense(3, activation=own)"),
        (L.Conv2D(4, 3), {}, "Conv2D(4, 3)"),
        (
            L.Conv2D(4, (3, 1)),
            {"use_bias": False},
            "Conv2D(4, (3, 1), use_bias=False)",
        ),
        (L.LSTM(5), {"units": 6}, 'LSTM(activation="tanh", units=6)'),
        (L.Dropout(0.5), {}, "Dropout(0.5)"),
    ],
)
def test_the_line_of_a_layer_tells_it_from_others(layer, changes, line):
    assert layer_line(layer, **changes) == line
