"""Whether a loss falls: cases, and laws on noise and scale."""

import numpy as np
import pytest

from keras_trainkit.kernels.training_curves.falling import fall
from keras_trainkit.kernels.training_curves.falling import falls_too_slowly
from keras_trainkit.kernels.training_curves.falling import is_flat
from keras_trainkit.kernels.training_curves.falling import still_falls

EPOCHS = np.arange(20)
NOISE = np.random.default_rng(0).normal(0, 0.01, 20)
CURVES = {
    "flat": np.full(20, 2.3),
    "noise": 2.3 + NOISE,
    "learns": 2.3 * np.exp(-EPOCHS / 3) + NOISE,
    "at once": np.r_[2.3, np.full(19, 0.1)],
    "slow": 2.3 - 0.005 * EPOCHS,
    "steady": 2.3 - 0.1 * EPOCHS + NOISE,
    "rises": 2.3 + 0.1 * EPOCHS,
    "stops": np.r_[2.3 - 0.02 * np.arange(5), np.full(15, 2.2)],
    "short": [2.3, 2.2, 2.1],
    "jumps at the end": np.r_[1.0, np.full(18, 0.985), 2.0],
}
SAID = {
    is_flat: {"flat", "noise", "rises"},
    falls_too_slowly: {"slow"},
    still_falls: {"slow", "steady"},
}
CASES = [(rule, name) for rule in SAID for name in CURVES]


@pytest.mark.parametrize(
    "rule, name", CASES, ids=[f"{r.__name__}-{n}" for r, n in CASES]
)
@pytest.mark.parametrize("scale", [1.0, 1e-5, 1e5])
def test_what_is_said_of_a_curve(rule, name, scale):
    said = rule(scale * np.asarray(CURVES[name]))
    assert bool(said) == (name in SAID[rule])


@pytest.mark.parametrize("rule", [falls_too_slowly, still_falls])
def test_noise_alone_gives_no_alarm(rule):
    draws = 1 + np.random.default_rng(2).normal(0, 0.1, (1000, 20))
    assert np.mean([rule(one) for one in draws]) < 0.02


@pytest.mark.parametrize("noises, said", [(2.5, False), (3.5, True)])
def test_a_second_half_falls_by_three_times_its_noise(noises, said):
    """The second differences of `(-1)**i` are 4, in both halves alike."""
    noise = 1.4826 * 4 / np.sqrt(6)
    slope = (noises * noise - 2) / 9
    losses = 100 + (-1.0) ** EPOCHS - slope * EPOCHS
    assert still_falls(losses) == said


def test_the_fall_is_in_sizes_of_the_first_value():
    assert fall([4.0, 2.0, 1.0, 1.0, 1.0]) == pytest.approx(0.75)
    assert fall([-1.0, -3.0, -3.0, -3.0]) == pytest.approx(2.0)
    assert fall([1.0]) == 0


def test_a_fall_is_held_against_the_first_value():
    # By a hundredth of the second, a fall of 0.02 would be none.
    assert not is_flat(np.r_[1.0, 4.0, np.full(18, 0.98)])
