import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics import check_model
from tests.helpers.one_layer import HOT
from tests.helpers.one_layer import ROW
from tests.helpers.one_layer import X
from tests.helpers.one_layer import codes

pytestmark = pytest.mark.one_backend


@pytest.mark.parametrize(
    "code, units, activation, loss, y",
    [
        ("L108", 3, "softmax", "mae", HOT),
        ("L108", 3, None, "mse", HOT),
        ("L108", 1, "sigmoid", "mse", ROW % 2),
        ("L108", 4, "sigmoid", "mse", (X[:, ::-1] > 0) * 1),
    ],
)
def test_one_fault_is_told_once(code, units, activation, loss, y):
    assert codes(units, activation, loss, y) == [code]


def test_accuracy_tells_that_numbers_are_classes():
    assert codes(1, None, "mse", ROW % 3) == []
    assert codes(1, None, "mse", ROW % 3, metrics=["accuracy"]) == ["L108"]


def test_an_autoencoder_of_zeros_and_ones_keeps_its_loss():
    model = keras.Sequential(
        [keras.Input((8,)), keras.layers.Dense(8, activation="sigmoid")]
    )
    model.compile("adam", "mse")
    x = (np.random.default_rng(0).random((50, 8)) > 0.5).astype(float)
    assert check_model(model, x, x, select=["L"]).ok


SGD = keras.optimizers.SGD


@pytest.mark.parametrize(
    "severity, activation, optimizer, epochs",
    [
        ("advice", "linear", SGD(0.01), 1),
        ("advice", "sigmoid", "adam", 1),
        ("advice", "sigmoid", SGD(3.0), 150),
        ("warning", "sigmoid", SGD(0.1), 150),
        ("warning", "sigmoid", SGD(3.0), None),
        ("warning", "softmax", "adam", 150),
    ],
)
def test_sigmoids_bear_a_squared_error(severity, activation, optimizer, epochs):
    model = keras.Sequential([keras.layers.Dense(3, activation)])
    model.compile(optimizer, "mse")
    given = {"epochs": epochs, "select": ["L108"]}
    (found,) = check_model(model, X, HOT, **given).findings
    assert found.severity == severity
