"""Trends of curves: SciPy-free oracles and laws."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from keras_trainkit.kernels.training_curves.trend import SIGNIFICANT
from keras_trainkit.kernels.training_curves.trend import level
from keras_trainkit.kernels.training_curves.trend import noise
from keras_trainkit.kernels.training_curves.trend import trend

CURVES = st.lists(st.floats(-100, 100, width=16), min_size=6, max_size=12)


def test_the_score_of_mann_s_tables():
    # Of all 720 orders of six values only the falling one is beyond -2.5.
    scores = [trend(one) for one in itertools.permutations(range(6))]
    assert sum(score < -2.5 for score in scores) == 1
    # Kendall: the number of inversions has the variance n(n-1)(2n+5)/18.
    discordant = np.array([_inversions(o) for o in _orders()])
    expected = np.var(15 - 2 * discordant)
    assert expected == pytest.approx(6 * 5 * 17 / 18)
    assert trend(range(6)) == pytest.approx(14 / np.sqrt(expected))


def _orders():
    return list(itertools.permutations(range(6)))


def _inversions(order):
    return sum(a > b for a, b in itertools.combinations(order, 2))


@settings(deadline=None, max_examples=60)
@given(CURVES)
def test_a_curve_backwards_has_the_opposite_trend(values):
    assert trend(values[::-1]) == pytest.approx(-trend(values))


@settings(deadline=None, max_examples=60)
@given(CURVES, st.sampled_from([1e-6, 0.5, 4.0, 1e6]))
def test_the_scale_does_not_matter(values, scale):
    scaled = np.asarray(values) * scale
    assert trend(scaled) == pytest.approx(trend(values))
    assert noise(scaled) == pytest.approx(scale * noise(values))
    assert level(scaled) == pytest.approx(scale * level(values))


def test_noise_alone_is_rarely_a_trend():
    draws = np.random.default_rng(0).normal(size=(2000, 30))
    beyond = np.mean([abs(trend(one)) > SIGNIFICANT for one in draws])
    assert beyond < 0.025


def test_the_noise_on_a_bent_curve_is_found():
    rng = np.random.default_rng(1)
    smooth = 5 * np.exp(-np.arange(400) / 60)
    assert noise(smooth) < 1e-2
    assert noise(smooth + rng.normal(0, 0.1, 400)) == pytest.approx(
        0.1, rel=0.2
    )


@pytest.mark.parametrize("length, read", [(200, 200), (201, 101)])
def test_of_a_long_curve_every_other_value_is_read(length, read):
    variance = read * (read - 1) * (2 * read + 5) / 18
    score = read * (read - 1) / 2 - 1
    assert trend(np.arange(length)) == pytest.approx(score / np.sqrt(variance))


def test_as_many_pairs_that_rise_as_fall_are_no_trend():
    assert trend([0.0, 1.0, 1.0, 0.0]) == 0


@pytest.mark.parametrize("values", [[], [1.0], [np.nan] * 9, [2.0] * 9])
def test_nothing_is_said_of_too_little(values):
    assert trend(values) == 0 and noise(values) == 0
