import keras
import pytest

from tests.helpers.one_layer import BINARY
from tests.helpers.one_layer import ROW
from tests.helpers.one_layer import SPARSE
from tests.helpers.one_layer import X
from tests.helpers.one_layer import codes
from tests.helpers.one_layer import report

pytestmark = pytest.mark.one_backend


@pytest.mark.parametrize(
    "found, severity, y",
    [("L110", "warning", X[:, 0]), ("L110", "advice", None)],
)
def test_accuracy_is_of_classes(found, severity, y):
    (one,) = report(1, None, "mse", y, metrics=["accuracy"]).findings
    assert (one.code, one.severity) == (found, severity)


def test_classes_may_have_an_accuracy():
    given = {"families": ["L110"], "metrics": ["accuracy"]}
    assert codes(1, None, "mse", ROW % 2, **given) == []


@pytest.mark.parametrize(
    "metric, units",
    [
        (keras.metrics.Accuracy(), 3),
        ("sparse_categorical_accuracy", 1),
        (keras.metrics.BinaryAccuracy(), 3),
    ],
)
def test_accuracy_of_another_kind(metric, units):
    activation, loss = ("softmax", SPARSE) if units > 1 else ("sigmoid", BINARY)
    found = codes(units, activation, loss, ROW % 2, metrics=[metric])
    assert found == ["L111"]
