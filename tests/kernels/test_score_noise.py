"""Means, standard errors and the noise between two of them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_trainkit.kernels.score_noise import gain
from keras_trainkit.kernels.score_noise import summary

SCORES = st.lists(st.floats(-10, 10), min_size=2, max_size=6)


def test_the_summary_is_that_of_a_sample():
    mean, std, error = summary([1.0, 2.0, 6.0])
    assert mean == 3.0
    assert std == pytest.approx(math.sqrt(7))
    assert error == pytest.approx(math.sqrt(7 / 3))


def test_one_score_has_no_spread_and_none_has_no_mean():
    assert summary([2.0])[0] == 2.0
    assert np.isnan(summary([2.0])[1:]).all()
    assert np.isnan(summary([])).all()


def test_the_noise_is_twice_the_error_of_the_difference():
    better, noise = gain([0.8, 0.9], [0.5, 0.7, 0.9], upwards=True)
    expected = 2 * math.sqrt(0.005 / 2 + 0.04 / 3)
    assert better == pytest.approx(0.15)
    assert noise == pytest.approx(expected)


@given(SCORES, SCORES)
def test_directions_mirror_each_other(one, two):
    up, noise = gain(one, two, upwards=True)
    down, same = gain(one, two, upwards=False)
    assert up == -down and noise == same
    assert gain(two, one, upwards=True)[0] == pytest.approx(-up)
