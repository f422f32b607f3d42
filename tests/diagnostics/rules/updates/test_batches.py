import keras
import pytest

from tests.helpers.checked_updates import findings

pytestmark = pytest.mark.one_backend
ADAM, SGD = keras.optimizers.Adam, keras.optimizers.SGD


@pytest.mark.parametrize(
    "severity, optimizer", [("advice", "adam"), ("warning", SGD(0.5))]
)
def test_batches_of_one_row(severity, optimizer):
    (found,) = findings(optimizer, batch_size=1, epochs=20)
    assert (found.code, found.severity) == ("O109", severity)


def test_one_batch_of_all_rows():
    (found,) = findings("adam", batch_size=320, epochs=3000)
    assert (found.code, found.severity) == ("O110", "advice")
    assert findings("adam", rows=100, batch_size=100, epochs=3000) == ()
