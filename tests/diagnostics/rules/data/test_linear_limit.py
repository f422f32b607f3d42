import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics import check_model

pytestmark = pytest.mark.one_backend
X = np.random.default_rng(0).normal(size=(200, 3))
BINARY, SPARSE = "binary_crossentropy", "sparse_categorical_crossentropy"


def codes(y, units, activation, loss, hidden=False, x=X):
    layers = [keras.layers.Dense(4, activation="relu")] if hidden else []
    model = keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            *layers,
            keras.layers.Dense(units, activation=activation),
        ]
    )
    model.compile("adam", loss)
    report = check_model(model, x, y, select=["X111"])
    return [one.code for one in report.findings]


@pytest.mark.parametrize(
    "found, y, units, activation, loss",
    [
        (["X111"], X[:, 0] * X[:, 1] > 0, 1, "sigmoid", BINARY),
        (["X111"], np.abs(X[:, 0]), 1, None, "mse"),
        (["X111"], np.eye(2)[(X[:, 0] ** 2 > 0.4) * 1], 2, "softmax", "mse"),
        ([], X[:, 0] + X[:, 1] ** 2 > 0.5, 1, "sigmoid", BINARY),
        ([], X[:, 0] + np.abs(X[:, 1]), 1, None, "mse"),
        ([], np.digitize(X[:, 0], [-1, 0, 1]), 4, "softmax", SPARSE),
        ([], np.ones(200), 1, "sigmoid", BINARY),
    ],
)
def test_what_one_layer_can_tell(found, y, units, activation, loss):
    assert codes(y, units, activation, loss) == found
    assert codes(y, units, activation, loss, hidden=True) == []


def test_so_few_rows_say_nothing():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(20, 15))
    assert codes(rng.integers(0, 2, 20), 1, "sigmoid", BINARY, x=x) == []
