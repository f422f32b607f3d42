import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics import check_model

pytestmark = pytest.mark.one_backend
LAYERS = keras.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
Y = np.arange(60) % 2
BYTES = RNG.integers(0, 256, size=(40, 8, 8, 1))
WORDS = RNG.integers(0, 900, size=(40, 12))


def findings(x, *layers, y=None, validation_data=None, optimizer="adam"):
    layers = layers or (LAYERS.Dense(3, name="first"),)
    model = keras.Sequential([keras.Input(x.shape[1:]), *layers])
    model.compile(optimizer, "mse")
    report = check_model(
        model,
        x,
        y,
        validation_data=validation_data,
        select=["X101", "X102", "X103", "X104", "X105", "X106"],
    )
    return report.findings


def codes(*args, **kwargs):
    return [one.code for one in findings(*args, **kwargs)]


def test_lengths():
    (found,) = findings(X, y=Y[:50])
    assert (found.code, found.severity) == ("X105", "error")
    assert "60 rows, y has 50" in found.message


@pytest.mark.parametrize(
    "found, x, held",
    [
        (["X106"], X, X[:40]),
        (["X106"], X, X),
        ([], X, X[:40] + 1),
        ([], X, X[:10]),
        ([], X, np.r_[X[:5], X[:40] + 1]),
        ([], (X > 0) * 1.0, (X > 0) * 1.0),
    ],
)
def test_rows_in_both(found, x, held):
    given = {"y": Y, "validation_data": (held, np.zeros(len(held)))}
    assert codes(x, **given) == found
