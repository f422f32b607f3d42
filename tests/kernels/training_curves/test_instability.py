"""Whether a loss diverges, swings or jumps: cases, and laws on noise."""

import numpy as np
import pytest

from keras_trainkit.kernels.training_curves.instability import first_not_finite
from keras_trainkit.kernels.training_curves.instability import is_diverging
from keras_trainkit.kernels.training_curves.instability import oscillates
from keras_trainkit.kernels.training_curves.instability import spikes

EPOCHS = np.arange(20)
NOISE = np.random.default_rng(0).normal(0, 0.02, 20)
FALLING = np.exp(-EPOCHS / 5) + NOISE
SPIKED = FALLING.copy()
SPIKED[12] += 2.0
CURVES = {
    "falling": FALLING,
    "noise": 1 + NOISE,
    "spiked": SPIKED,
    "rises": 1 + 0.2 * EPOCHS + NOISE,
    "falls, then rises": np.r_[FALLING[:8], 0.2 * 1.5 ** np.arange(12)],
    "explodes": [1.0, 50.0, 1e6],
    "explodes at once": [1.0, 1e6],
    "doubles": 2.0**EPOCHS,
    "swings": 1 + 0.6 * (-1.0) ** EPOCHS,
    "swings while falling": np.exp(-EPOCHS / 5) * (1 + 0.3 * (-1.0) ** EPOCHS),
    "swings around nothing": np.r_[10.0, 0.02 + 0.01 * (-1.0) ** EPOCHS],
    "overshoots a little": np.r_[FALLING[:8], np.linspace(0.2, 0.4, 12)],
}
SAID = {
    is_diverging: {
        "rises",
        "falls, then rises",
        "explodes",
        "explodes at once",
        "doubles",
    },
    oscillates: {"swings"},
    spikes: {"spiked"},
}
CASES = [(rule, name) for rule in SAID for name in CURVES]


@pytest.mark.parametrize(
    "rule, name", CASES, ids=[f"{r.__name__}-{n}" for r, n in CASES]
)
@pytest.mark.parametrize("scale", [1.0, 1e-5, 1e5])
def test_what_is_said_of_a_curve(rule, name, scale):
    said = rule(scale * np.asarray(CURVES[name]))
    assert bool(said) == (name in SAID[rule])


@pytest.mark.parametrize("rule", [is_diverging, oscillates, spikes])
@pytest.mark.parametrize("size", [0.01, 0.1])
def test_noise_alone_gives_no_alarm(rule, size):
    draws = 1 + np.random.default_rng(3).normal(0, size, (1000, 25))
    assert np.mean([bool(rule(one)) for one in draws]) < 0.01


def test_a_spike_is_where_it_is():
    assert spikes(SPIKED) == [12]


def test_three_values_before_a_spike_are_enough():
    assert spikes([1.0, 1.0, 1.0, 9.0, *[1.0] * 8]) == [3]
    assert spikes([1.0, 1.0, 9.0, 1.0, *[1.0] * 8]) == []


def test_the_first_value_that_is_not_finite():
    assert first_not_finite([1.0, np.inf, np.nan]) == 1
    assert first_not_finite([1.0, 2.0]) is None
