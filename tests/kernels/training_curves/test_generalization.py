"""How training and validation part: cases, and laws on noise and scale."""

import numpy as np
import pytest

from keras_trainkit.kernels.training_curves import generalization as g

EPOCHS = np.arange(24)
NOISE = np.random.default_rng(0).normal(0, 0.01, 24)
TRAINING = np.exp(-EPOCHS / 6) + 0.02
VALIDATION = {
    "overfits": (np.exp(-EPOCHS / 4) + 0.04 * EPOCHS + NOISE, True),
    "fast": (np.r_[1.0, 0.6, 0.5, 0.9, 1.5, 2.0, 2.6, *[3.0] * 17], True),
    "with it": (TRAINING + 0.1 + NOISE, False),
    "above it": (TRAINING + 3.0, False),
    "noise": (1 + 10 * NOISE, False),
    "not there": (np.full(24, np.nan), False),
}


@pytest.mark.parametrize(
    "curve, said", VALIDATION.values(), ids=list(VALIDATION)
)
@pytest.mark.parametrize("scale", [1.0, 1e-4, 1e4])
def test_overfitting_is_said_from_the_best_epoch(curve, said, scale):
    found = g.overfits_from(scale * TRAINING, scale * curve)
    assert found == (int(np.argmin(curve)) if said else None)


def test_epochs_without_validation_are_left_out():
    curve = VALIDATION["overfits"][0].copy()
    expected = int(np.argmin(curve[::2])) * 2
    curve[1::2] = np.nan
    assert g.overfits_from(TRAINING, curve) == expected


def test_training_that_rises_too_does_not_overfit():
    curve = VALIDATION["overfits"][0]
    assert g.overfits_from(curve, curve) is None


def test_noise_alone_gives_no_alarm():
    draws = 1 + np.random.default_rng(5).normal(0, 0.05, (1000, 24))
    alarms = [g.overfits_from(TRAINING, one) is not None for one in draws]
    assert np.mean(alarms) < 0.01


UNDERFITS = {
    "stopped high": (np.r_[1.0, np.full(19, 0.8)], True),
    "stopped low": (np.r_[1.0, np.full(19, 0.1)], False),
    "still falling": (1.0 - 0.01 * np.arange(20), False),
    "too short": (np.r_[1.0, np.full(7, 0.8)], False),
    "long enough": (np.r_[1.0, np.full(8, 0.8)], True),
}


@pytest.mark.parametrize("curve, said", UNDERFITS.values(), ids=UNDERFITS)
@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_underfitting(curve, said, scale):
    assert g.underfits(scale * np.asarray(curve), scale) == said


ACCURACY = {
    "still": (np.full(24, 0.33), True),
    "good": (np.full(24, 0.99), False),
    "rising": (np.linspace(0.3, 0.9, 24), False),
    "short": ([0.3] * 4, False),
    "long enough": ([0.3] * 5, True),
}


@pytest.mark.parametrize("accuracy, said", ACCURACY.values(), ids=ACCURACY)
def test_accuracy_that_stands_still(accuracy, said):
    assert g.accuracy_stands_still(accuracy, TRAINING) == said
    assert not g.accuracy_stands_still(accuracy, np.ones(24))


def test_a_loss_that_fell_once_is_not_falling():
    losses = np.r_[1.0, np.full(23, 0.7)]
    assert not g.accuracy_stands_still(np.full(24, 0.33), losses)


@pytest.mark.parametrize("least_fall, said", [(0.24, True), (0.25, False)])
def test_a_loss_has_to_fall_by_more_than_asked(least_fall, said):
    losses = [1.0, 0.95, 0.9, 0.85, 0.75, 0.75, 0.75]
    still = np.full(7, 0.33)
    assert g.accuracy_stands_still(still, losses, least_fall) == said


def test_the_gap_is_in_sizes_of_the_training_loss():
    assert g.gap([0.5] * 4, [0.75] * 4) == pytest.approx(0.5)
    assert g.gap([0.5], []) == 0
