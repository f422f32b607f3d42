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
    "code, units, activation, loss, y",
    [
        ("L103", 1, "softmax", CATEGORICAL, ROW % 2),
        ("L103", 1, "softmax", "mse", X[:, 0]),
        ("L104", 1, None, SPARSE, ROW % 4),
        ("L104", 1, "sigmoid", CATEGORICAL, ROW % 2),
    ],
)
def test_one_fault_is_told_once(code, units, activation, loss, y):
    assert codes(units, activation, loss, y) == [code]


def test_a_softmax_over_one_unit_becomes_what_the_targets_want():
    fixes = [
        {one.kind: one.value for one in report(*args).most_likely.repairs}
        for args in (
            (1, "softmax", BINARY, ROW % 2),
            (1, "softmax", CATEGORICAL, ROW % 4),
            (1, "softmax", "mse", X[:, 0]),
        )
    ]
    assert fixes == [
        {"activation": "sigmoid"},
        {
            "activation": "softmax",
            "units": 4,
            "loss": SPARSE,
        },
        {"activation": "linear"},
    ]
