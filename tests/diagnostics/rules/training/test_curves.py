"""What the curves of a training are taken to mean, without any `fit`."""

import numpy as np
import pytest

from tests.helpers.seen_training import UNSCALED
from tests.helpers.seen_training import found
from tests.helpers.seen_training import said
from tests.helpers.seen_training import seen

pytestmark = pytest.mark.one_backend
EPOCHS = np.arange(24)
NOISE = np.random.default_rng(0).normal(0, 0.004, 24)
HEALTHY = 0.6 * np.exp(-EPOCHS / 4) + 0.1 + NOISE
SLOW = 0.74 - 0.0005 * EPOCHS
STEADY = 0.9 - 0.03 * EPOCHS
RISING = 0.7 + 0.1 * EPOCHS
SWINGING = 1 + 0.6 * (-1.0) ** EPOCHS
JUMPING = HEALTHY + 5.0 * (EPOCHS == 12)
CASES = {
    "slow, low": ("D103", {"loss": SLOW, "rate": 1e-6}, "warning"),
    "slow": ("D103", {"loss": SLOW}, "advice"),
    "falling at the end": ("D104", {"loss": STEADY}, "advice"),
    "not at the end": ("D104", {"loss": STEADY, "ended": False}, None),
    "validation rises": (
        "D104",
        {"loss": STEADY, "val_loss": np.linspace(0.5, 0.9, 24)},
        None,
    ),
    "diverges": ("D105", {"loss": RISING}, "warning"),
    "swings": ("D106", {"loss": SWINGING}, "advice"),
    "jumps": ("D107", {"loss": JUMPING}, "advice"),
}


@pytest.mark.parametrize("code, given, severity", CASES.values(), ids=CASES)
def test_what_is_said_of_a_curve(code, given, severity):
    result = said(code, seen(**given))
    assert (result and result[0]) == severity


CODES = [f"D1{n:02}" for n in range(1, 18)]
QUIET = {
    "healthy": {"loss": HEALTHY, "val_loss": HEALTHY + 0.05},
    "short": {"loss": [0.69, 0.68, 0.67], "updates": 24},
    "one epoch": {"loss": [0.69], "updates": 8},
    "noisy": {"loss": HEALTHY + 20 * NOISE},
    "warm-up": {"loss": np.r_[np.full(5, 0.7), HEALTHY]},
    "fine-tuning": {"loss": 0.05 - 1e-4 * EPOCHS, "rate": 1e-6},
    "no rate known": {"loss": HEALTHY, "rate": None},
}


@pytest.mark.parametrize("given", QUIET.values(), ids=QUIET)
@pytest.mark.parametrize("code", CODES)
def test_a_healthy_training_raises_no_alarm(code, given):
    alarms = [f for f in found(code, seen(**given)) if f.severity != "advice"]
    assert alarms == []


def test_inputs_are_to_blame_where_the_rate_is_customary():
    given = {"loss": RISING, "causes": [UNSCALED]}
    assert said("D105", seen(**given))[1] == "preprocessing"
    assert said("D105", seen(rate=5.0, **given))[1] == "learning_rate"


def test_nothing_is_read_from_the_losses_of_a_step_of_its_own():
    about = seen(loss=RISING)
    about.training.own_step = True
    assert said("D105", about) is None
