"""What is known of a training: is it enough, does it learn."""

import numpy as np
import pytest

from tests.helpers.seen_training import UNSCALED
from tests.helpers.seen_training import WRONG_LOSS
from tests.helpers.seen_training import probe
from tests.helpers.seen_training import seen
from tests.helpers.seen_training import subject

pytestmark = pytest.mark.one_backend
FLAT = np.full(12, 0.6932)
LEARNS = {
    "no": ({}, False),
    "by its loss": ({"loss": np.linspace(0.7, 0.5, 12)}, True),
    "by validation": ({"val_loss": np.full(12, 0.5)}, True),
    "by accuracy": ({"accuracy": np.full(12, 0.9)}, True),
    "sure and wrong": (
        {"loss": FLAT * 6, "accuracy": np.full(12, 0.9)},
        False,
    ),
    "by the probe": (
        {"probes": [probe(ratios={"out": 1.0})], "loss": FLAT + 1},
        False,
    ),
    "a probe before": ({"probes": [probe(epoch=0, ratios={})]}, False),
}


@pytest.mark.parametrize("given, expected", LEARNS.values(), ids=LEARNS)
def test_whether_it_has_learnt(given, expected):
    about = seen(**{"loss": FLAT, **given})
    assert about.training.learns is expected
    assert about.training.stuck is not expected


def test_the_constant_is_known_for_a_plain_loss_only():
    assert seen(FLAT).training.constant == pytest.approx(np.log(2), rel=0.02)
    weighted = seen(FLAT)
    weighted.training.weighted = True
    assert weighted.training.learns is None
    hinge = seen(FLAT, about=subject(loss="hinge"))
    assert hinge.training.learns is None and not hinge.training.stuck


@pytest.mark.parametrize(
    "epochs, updates, enough",
    [(4, 9000, False), (5, 400, True), (9, 390, False), (10, 150, True)],
)
def test_how_much_is_enough(epochs, updates, enough):
    training = seen(FLAT[:epochs], updates=updates).training
    assert training.seen_enough is enough


def test_a_metric_that_comes_later_has_nan_before():
    training = seen([1.0, 0.9]).training
    training.add_epoch({"loss": 0.8, "val_loss": 0.5})
    training.add_epoch({"loss": 0.7})
    np.testing.assert_equal(
        training.curves["val_loss"], [np.nan, np.nan, 0.5, np.nan]
    )


FALLING = np.linspace(30.0, 9.0, 12)


@pytest.mark.parametrize(
    "loss, ended, stuck",
    [
        (FALLING, False, False),
        (FALLING, True, True),
        (np.linspace(30.0, 29.0, 12), False, True),
        (FLAT, False, True),
    ],
)
def test_a_loss_that_falls_to_a_constants_is_not_stuck(loss, ended, stuck):
    assert seen(loss, ended=ended).training.stuck is stuck


@pytest.mark.parametrize(
    "causes, ended, updates, enough",
    [
        ([UNSCALED], True, 100, True),
        ([UNSCALED], True, 90, False),
        ([UNSCALED], False, 100, False),
        ([], True, 100, False),
        ([WRONG_LOSS], True, 8, True),
        ([WRONG_LOSS], False, 100, False),
    ],
)
def test_a_warning_before_shortens_the_wait(causes, ended, updates, enough):
    about = seen(FLAT[:4], updates=updates, causes=causes, ended=ended)
    assert about.training.seen_enough is enough
