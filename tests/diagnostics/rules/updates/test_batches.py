import keras
import pytest

from tests.helpers.checked_updates import findings

pytestmark = pytest.mark.one_backend
ADAM = keras.optimizers.Adam


@pytest.mark.parametrize(
    "severity, optimizer", [("advice", ADAM(1e-4)), ("warning", "adam")]
)
def test_batches_of_one_row(severity, optimizer):
    (found,) = findings(optimizer, batch_size=1, epochs=20)
    assert (found.code, found.severity) == ("O109", severity)


def test_one_batch_of_all_rows():
    (found,) = findings("adam", batch_size=320, epochs=3000)
    assert (found.code, found.severity) == ("O110", "advice")
    assert findings("adam", rows=100, batch_size=100, epochs=3000) == ()
