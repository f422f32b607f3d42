import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics import check_model
from tests.helpers.one_layer import BINARY
from tests.helpers.one_layer import HOT
from tests.helpers.one_layer import ROW
from tests.helpers.one_layer import SPARSE
from tests.helpers.one_layer import X
from tests.helpers.one_layer import codes

pytestmark = pytest.mark.one_backend


@pytest.mark.parametrize(
    "code, units, activation, loss, y",
    [
        ("L105", 3, "sigmoid", SPARSE, ROW % 3),
        ("L106", 3, "softmax", BINARY, HOT),
        ("L106", 4, "softmax", BINARY, (X > 0) * 1),
        ("L107", 3, "sigmoid", BINARY, HOT),
        ("L107", 10, "sigmoid", BINARY, np.eye(10)[ROW % 10]),
    ],
)
def test_one_fault_is_told_once(code, units, activation, loss, y):
    assert codes(units, activation, loss, y) == [code]


@pytest.mark.parametrize("units, severity", [(9, "advice"), (10, "warning")])
def test_few_sigmoids_tell_classes_apart(units, severity):
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(units, "sigmoid")]
    )
    model.compile("adam", BINARY)
    x, y = np.zeros((90, 4)), np.eye(units)[np.arange(90) % units]
    (found,) = check_model(model, x, y, select=["L107"]).findings
    assert found.severity == severity
