import pytest

from keras_trainkit.backend.model.failed_calls import FailedCall
from keras_trainkit.diagnostics.shape_errors.fed_data import FedData
from tests.helpers.explained import values

pytestmark = pytest.mark.one_backend


def fed(method="fit", **arguments):
    return FedData([FailedCall(None, method, arguments)])


BATCHES = {
    "by default": ({"x": values(40, 3)}, (40, 32, 8)),
    "whole": ({"x": values(40, 3), "batch_size": 20}, (40, 20, None)),
    "one": ({"x": values(10, 3)}, (10, 10, None)),
    "a part is held out": (
        {"x": values(50, 3), "batch_size": 16, "validation_split": 0.2},
        (40, 16, 8),
    ),
    "unknown": ({"x": iter([])}, (None, None, None)),
}


@pytest.mark.parametrize("arguments, expected", BATCHES.values(), ids=BATCHES)
def test_rows_and_batches(arguments, expected):
    data = fed(**arguments)
    assert (data.rows, data.batch_size, data.last_batch) == expected


def test_one_batch_is_all_rows():
    assert fed("train_on_batch", x=values(40, 3)).batch_size == 40


def test_arrays_have_the_names_of_the_arguments():
    data = fed(
        x={"left": values(4, 2), "right": values(4, 3)},
        y=[values(4, 1), values(4, 5)],
        validation_data=(values(2, 2), values(2, 1)),
    )
    assert list(data.of("x")) == ["x['left']", "x['right']"]
    assert list(data.of("y")) == ["y[0]", "y[1]"]
    assert data.like((None, 3)) == "x['right']"
    assert data.like((None, 9)) is None


def test_without_fit_there_is_nothing():
    data = FedData([])
    assert (data.method, data.arrays, data.rows) == (None, {}, None)
