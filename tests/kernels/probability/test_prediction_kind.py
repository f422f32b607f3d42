import pytest

from keras_trainkit.kernels.probability.prediction_kind import kind_of_logits
from keras_trainkit.kernels.probability.prediction_kind import kind_of_values

VALUES = {
    "softmax": ((0.0, 1.0, 1e-6, 3), "classification"),
    "softmax in bfloat16": ((0.0, 1.0, 4e-3, 1000), "classification"),
    "one sigmoid": ((0.1, 0.9, 0.9, 1), "binary"),
    "a sure sigmoid": ((1.0, 1.0, 0.0, 1), "binary"),
    "several sigmoids": ((0.0, 1.0, 1.5, 4), "binary"),
    "numbers": ((-3.0, 8.0, 9.0, 2), "regression"),
    "numbers above 1": ((0.0, 1.2, 0.9, 1), "regression"),
    "numbers that add up to 1": ((-1.0, 2.0, 0.0, 2), "regression"),
    "not a number": ((float("nan"), float("nan"), 0.0, 2), "regression"),
}


@pytest.mark.parametrize("values, kind", VALUES.values(), ids=VALUES)
def test_kind_of_values(values, kind):
    assert kind_of_values(*values) == kind


@pytest.mark.parametrize(
    "asked, classes, kind",
    [
        ("auto", 3, "classification"),
        ("auto", 1, "binary"),
        ("binary", 3, "binary"),
        ("classification", 3, "classification"),
    ],
)
def test_kind_of_logits(asked, classes, kind):
    assert kind_of_logits(asked, classes) == kind
