import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics import check_model
from tests.helpers.one_layer import BINARY
from tests.helpers.one_layer import CATEGORICAL
from tests.helpers.one_layer import HOT
from tests.helpers.one_layer import ROW
from tests.helpers.one_layer import SPARSE
from tests.helpers.one_layer import X
from tests.helpers.one_layer import codes
from tests.helpers.one_layer import report

pytestmark = pytest.mark.one_backend
CROSS = keras.losses.CategoricalCrossentropy
BCE = keras.losses.BinaryCrossentropy


@pytest.mark.parametrize(
    "units, activation, loss, y",
    [
        (3, "softmax", CATEGORICAL, HOT),
        (3, "softmax", SPARSE, ROW % 3),
        (3, None, CROSS(from_logits=True), HOT),
        (3, "log_softmax", CROSS(from_logits=True), HOT),
        (1, "sigmoid", BINARY, ROW % 2),
        (1, None, BCE(from_logits=True), ROW % 2),
        (2, "softmax", BINARY, np.eye(2)[ROW % 2]),
        (3, "sigmoid", BINARY, (X[:, :3] > 0) * 1),
        (1, None, "mse", X[:, 0]),
        (1, "sigmoid", "mse", ROW / 60),
        (1, "tanh", "mse", 2 * (ROW % 2) - 1),
        (1, "tanh", "hinge", 2 * (ROW % 2) - 1),
        (4, "sigmoid", BINARY, (X > 0) * 1),
        (1, "softplus", "poisson", ROW),
        (3, "softmax", "kl_divergence", np.full((60, 3), 1 / 3)),
        (1, None, lambda y, p: keras.ops.mean(y - p), ROW % 2),
        (1, "swish", "mse", ROW * 1.5),
        (3, "softmax", "mse", np.full((60, 3), 1 / 3)),
    ],
)
def test_what_is_sound(units, activation, loss, y):
    assert codes(units, activation, loss, y) == []
    assert codes(units, activation, loss) in ([], ["L106"], ["L108"])


@pytest.mark.parametrize(
    "code, units, activation, loss, y",
    [
        ("L101", 1, "sigmoid", BCE(from_logits=True), ROW % 2),
        ("L101", 3, "tanh", CROSS(from_logits=True), HOT),
        ("L102", 1, "relu", BCE(from_logits=True), ROW % 2),
        ("L102", 1, "tanh", BINARY, ROW % 2),
        ("L102", 3, "elu", CATEGORICAL, HOT),
        ("L102", 3, None, "categorical_focal_crossentropy", HOT),
        ("L102", 3, None, "kl_divergence", HOT),
    ],
)
def test_one_fault_is_told_once(code, units, activation, loss, y):
    assert codes(units, activation, loss, y) == [code]


@pytest.mark.parametrize(
    "lowest, units, loss",
    [
        (-np.log(np.e / (np.e + 9)), 10, CROSS(from_logits=True)),
        (np.log1p(np.exp(-1)), 1, BCE(from_logits=True)),
    ],
)
def test_the_lowest_loss_that_is_told_is_reached(lowest, units, loss):
    activation = "softmax" if units > 1 else "sigmoid"
    message = report(units, activation, loss).most_likely.message
    assert f"below {lowest:.2f}" in message
    best = np.eye(units)[:1]
    assert float(loss(best, best)) == pytest.approx(lowest, abs=1e-6)


def test_the_axis_of_a_softmax():
    model = keras.Sequential(
        [
            keras.Input((6, 4)),
            keras.layers.Dense(3),
            keras.layers.Softmax(axis=1, name="over_time"),
        ]
    )
    model.compile("adam", SPARSE)
    (found,) = check_model(model, select=["L"]).findings
    assert (found.code, found.where) == ("L114", "over_time")
