import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics import check_model
from tests.helpers.one_layer import BINARY
from tests.helpers.one_layer import ROW
from tests.helpers.one_layer import X
from tests.helpers.one_layer import report

pytestmark = pytest.mark.one_backend


@pytest.mark.parametrize(
    "code, topic, repair, units, activation, loss, y",
    [
        ("Y102", "architecture", 1, 4, None, "mse", ROW[:, None] * 1.5),
        ("Y102", "architecture", 4, 1, None, "mse", X),
        (
            *("Y102", "architecture", 3),
            *(1, "sigmoid", BINARY, np.eye(3)[ROW % 3]),
        ),
    ],
)
def test_labels_and_losses(code, topic, repair, units, activation, loss, y):
    (found,) = report(units, activation, loss, y, "Y").findings
    assert (found.code, found.severity, found.topic) == (code, "error", topic)
    assert found.repairs[0].value == repair


def test_one_target_for_every_time_step():
    model = keras.Sequential(
        [
            keras.Input((5, 2)),
            keras.layers.GRU(3, return_sequences=True),
            keras.layers.Dense(1),
        ]
    )
    model.compile("adam", "mse")
    x = np.zeros((9, 5, 2))
    (found,) = check_model(model, x, np.ones((9, 1)), select=["Y"]).findings
    assert "return_sequences=False" in found.fix
    assert check_model(model, x, np.ones((9, 5)), select=["Y"]).ok
