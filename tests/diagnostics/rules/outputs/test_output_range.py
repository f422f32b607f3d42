import numpy as np
import pytest

from tests.helpers.one_layer import ROW
from tests.helpers.one_layer import X
from tests.helpers.one_layer import codes
from tests.helpers.one_layer import report

pytestmark = pytest.mark.one_backend
REACH = ["L109"]


@pytest.mark.parametrize(
    "activation, y, units",
    [
        ("sigmoid", ROW, 1),
        ("tanh", 3 * X[:, 0], 1),
        ("softsign", ROW / 10, 1),
        ("relu", X[:, 0], 1),
        ("softplus", X[:, 0], 1),
        ("elu", 4 * X[:, 0], 1),
        ("relu6", ROW, 1),
        ("softmax", X[:, :3], 3),
        ("softmax", np.abs(X[:, :3]) % 1, 3),
        ("sigmoid", 255 * np.abs(X[:, :3]) % 255, 3),
    ],
)
def test_targets_out_of_reach(activation, y, units):
    (found,) = report(units, activation, "mse", y, REACH).findings
    assert (found.code, found.severity, found.where) == (
        "L109",
        "error",
        "last",
    )


@pytest.mark.parametrize(
    "activation, y, units",
    [
        (None, 1000 * X[:, 0], 1),
        ("sigmoid", ROW / 59, 1),
        ("tanh", np.sin(ROW), 1),
        ("relu", ROW, 1),
        ("leaky_relu", X[:, 0], 1),
        ("softmax", np.full((60, 3), 1 / 3), 3),
    ],
)
def test_targets_within_reach(activation, y, units):
    assert codes(units, activation, "mse", y, REACH) == []


def test_a_single_stray_target_is_a_warning():
    y = np.sin(ROW)
    y[3] = 1.2
    assert [one.severity for one in report(1, "tanh", "mse", y).findings] == [
        "warning"
    ]


@pytest.mark.parametrize(
    "found, activation, loss",
    [
        (["L112"], None, "poisson"),
        (["L112"], "tanh", "poisson"),
        ([], "exponential", "poisson"),
        (["L113"], "sigmoid", "hinge"),
        ([], "tanh", "squared_hinge"),
    ],
)
def test_losses_that_want_a_sign(found, activation, loss):
    assert codes(1, activation, loss) == found
