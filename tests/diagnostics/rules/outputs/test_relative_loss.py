import numpy as np
import pytest

from tests.helpers.one_layer import ROW
from tests.helpers.one_layer import X
from tests.helpers.one_layer import codes
from tests.helpers.one_layer import report

pytestmark = pytest.mark.one_backend
ONLY = ["L115"]
RELATIVE = "mean_absolute_percentage_error"
LOGARITHMIC = "mean_squared_logarithmic_error"


@pytest.mark.parametrize(
    "loss, y",
    [
        (RELATIVE, np.maximum(X[:, 0], 0)),
        (RELATIVE, ROW),
        (RELATIVE, np.where(ROW == 7, 1e-9, 100 + ROW)),
        (LOGARITHMIC, X[:, 0]),
    ],
)
def test_targets_that_the_loss_cannot_measure(loss, y):
    (found,) = report(1, None, loss, y, ONLY).findings
    assert (found.severity, found.topic) == ("warning", "loss")


@pytest.mark.parametrize(
    "loss, y",
    [
        (RELATIVE, ROW + 1),
        (RELATIVE, -1 - ROW),
        (RELATIVE, 1e-6 * (ROW + 1)),
        (LOGARITHMIC, ROW),
        ("mse", ROW),
        ("mae", X[:, 0]),
    ],
)
def test_targets_that_it_can(loss, y):
    assert codes(1, None, loss, y, ONLY) == []


def test_one_such_row_is_the_whole_loss():
    y = 100.0 + ROW
    weights = 1 / np.maximum(np.abs(np.append(y, 0.0)), 1e-7)
    assert weights[-1] > 1e6 * weights[:-1].sum()
    assert codes(1, None, RELATIVE, np.append(y[1:], 0.0), ONLY) == ["L115"]
