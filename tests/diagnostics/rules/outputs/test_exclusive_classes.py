import pytest

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
    ],
)
def test_one_fault_is_told_once(code, units, activation, loss, y):
    assert codes(units, activation, loss, y) == [code]
