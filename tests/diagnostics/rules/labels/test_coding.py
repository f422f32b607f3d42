import numpy as np
import pytest

from tests.helpers.one_layer import BINARY
from tests.helpers.one_layer import CATEGORICAL
from tests.helpers.one_layer import ROW
from tests.helpers.one_layer import SPARSE
from tests.helpers.one_layer import X
from tests.helpers.one_layer import codes
from tests.helpers.one_layer import report

pytestmark = pytest.mark.one_backend


@pytest.mark.parametrize(
    "units, activation, loss, y",
    [
        (3, "softmax", SPARSE, ROW % 3),
        (3, "softmax", SPARSE, (ROW % 3)[:, None]),
        (3, "softmax", SPARSE, ROW % 3 * 1.0),
        (3, "softmax", CATEGORICAL, np.eye(3)[ROW % 3]),
        (3, "softmax", CATEGORICAL, np.full((60, 3), 1 / 3)),
        (1, "sigmoid", BINARY, ROW % 2),
        (1, "sigmoid", BINARY, (ROW % 2)[:, None]),
        (1, "sigmoid", BINARY, ROW / 60),
        (4, "sigmoid", BINARY, (X > 0) * 1),
        (1, None, "mse", ROW),
        (1, None, "mse", ROW[:, None]),
        (4, None, "mse", X),
        (1, "tanh", "hinge", 2 * (ROW % 2) - 1),
        (1, None, lambda y, p: y - p, X),
    ],
)
def test_what_is_sound(units, activation, loss, y):
    assert codes(units, activation, loss, y, "Y") == []


@pytest.mark.parametrize(
    "code, topic, repair, units, activation, loss, y",
    [
        ("Y101", "loss", SPARSE, 3, "softmax", CATEGORICAL, ROW % 3),
        ("Y101", "loss", SPARSE, 2, "softmax", BINARY, ROW % 2),
        (
            *("Y101", "loss", CATEGORICAL),
            *(3, "softmax", SPARSE, np.eye(3)[ROW % 3]),
        ),
        ("Y105", "loss", "sigmoid", 4, "softmax", CATEGORICAL, (X > 0) * 1),
        ("Y105", "loss", "mse", 4, "softmax", CATEGORICAL, X),
        (
            "Y106",
            "data",
            "sparse",
            2,
            "softmax",
            SPARSE,
            np.array(["a", "b"] * 30),
        ),
    ],
)
def test_labels_and_losses(code, topic, repair, units, activation, loss, y):
    (found,) = report(units, activation, loss, y, "Y").findings
    assert (found.code, found.severity, found.topic) == (code, "error", topic)
    assert found.repairs[0].value == repair
