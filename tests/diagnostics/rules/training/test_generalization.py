"""How training, validation and accuracy part, without any `fit`."""

import numpy as np
import pytest

from tests.helpers.seen_training import found
from tests.helpers.seen_training import said
from tests.helpers.seen_training import seen
from tests.helpers.seen_training import subject

pytestmark = pytest.mark.one_backend
EPOCHS = np.arange(24)
NOISE = np.random.default_rng(0).normal(0, 0.004, 24)
HEALTHY = 0.6 * np.exp(-EPOCHS / 4) + 0.1 + NOISE
STOPPED = np.r_[0.8, np.full(23, 0.6)] + NOISE / 10


@pytest.mark.parametrize(
    "given, severity",
    [
        ({}, "advice"),
        ({"accuracy": np.full(24, 0.95)}, None),
        ({"ended": False}, None),
    ],
    ids=["stopped", "a good accuracy", "not at the end"],
)
def test_underfitting(given, severity):
    result = said("D110", seen(STOPPED, **given))
    assert (result and result[0]) == severity


def test_the_epoch_from_which_it_overfits():
    validation = np.exp(-EPOCHS / 4) + 0.04 * EPOCHS
    (finding,) = found("D109", seen(loss=HEALTHY, val_loss=validation))
    best = int(validation.argmin()) + 1
    assert f"epoch {best}" in finding.message
    assert finding.repairs[0].value == best


@pytest.mark.parametrize(
    "loss, accuracy, expected",
    [
        ("mean_squared_error", 0.0, ("advice", "loss")),
        ("binary_crossentropy", 0.97, None),
    ],
    ids=["of a regression", "that is good"],
)
def test_accuracy_that_stands_still(loss, accuracy, expected):
    about = subject(last="linear", loss=loss)
    given = {"loss": HEALTHY, "accuracy": np.full(24, accuracy)}
    assert said("D108", seen(about=about, **given)) == expected


def test_the_commonest_class_explains_an_accuracy():
    about = subject()
    y = (np.arange(64) > 7).astype("float32")[:, None]
    about.sample.whole_y[0][:] = y
    accuracy = np.full(24, y.mean())
    training = seen(loss=HEALTHY, accuracy=accuracy, about=about)
    assert said("D108", training) == ("advice", "data")
