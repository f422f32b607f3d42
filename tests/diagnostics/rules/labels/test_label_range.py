import keras
import numpy as np
import pytest

from tests.helpers.one_layer import BINARY
from tests.helpers.one_layer import ROW
from tests.helpers.one_layer import SPARSE
from tests.helpers.one_layer import X
from tests.helpers.one_layer import codes
from tests.helpers.one_layer import report

pytestmark = pytest.mark.one_backend


@pytest.mark.parametrize(
    "code, topic, repair, units, activation, loss, y",
    [
        ("Y103", "data", "from_zero", 3, "softmax", SPARSE, ROW % 3 + 1),
        ("Y103", "data", "from_zero", 3, "softmax", SPARSE, ROW % 2 * 2 - 1),
        ("Y103", "architecture", 5, 3, "softmax", SPARSE, ROW % 5),
        ("Y103", "loss", "mse", 3, "softmax", SPARSE, X[:, 0]),
        ("Y104", "data", "from_zero", 1, "sigmoid", BINARY, ROW % 2 * 2 - 1),
        ("Y104", "data", "from_zero", 1, "sigmoid", BINARY, ROW % 2 + 1),
        ("Y104", "loss", 4, 1, "sigmoid", BINARY, ROW % 4),
        ("Y104", "loss", "mse", 1, "sigmoid", BINARY, X[:, 0]),
    ],
)
def test_labels_and_losses(code, topic, repair, units, activation, loss, y):
    (found,) = report(units, activation, loss, y, "Y").findings
    assert (found.code, found.severity, found.topic) == (code, "error", topic)
    assert found.repairs[0].value == repair


def test_pixels_are_scaled_for_a_binary_loss():
    x = np.random.default_rng(1).integers(0, 256, size=(30, 64))
    (found,) = report(64, "sigmoid", BINARY, x, "Y", x=x).findings
    assert (found.code, found.topic) == ("Y104", "preprocessing")
    assert "y / 255" in found.fix


def test_classes_of_every_pixel():
    x = np.random.default_rng(0).normal(size=(6, 4, 4, 2))
    y = (x[..., 0] > 0).astype(int)
    assert codes(3, "softmax", SPARSE, y, "Y", x=x) == []
    assert codes(1, "sigmoid", BINARY, y, "Y", x=x) == []
    assert codes(1, "sigmoid", BINARY, y[..., None], "Y", x=x) == []
    assert codes(3, "softmax", SPARSE, y + 2, "Y", x=x) == ["Y103"]


def test_labels_with_a_little_noise():
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    noisy = ROW % 2 + np.linspace(0, 0.05, len(ROW))
    (found,) = report(1, None, loss, noisy, ["Y104"]).findings
    assert found.severity == "advice"
    (found,) = report(1, None, loss, 4 * noisy, ["Y104"]).findings
    assert found.severity == "error"
