"""Ratios are of means; what was never updated has none."""

import numpy as np

from keras_trainkit.kernels.gradient_ratios import MEASURES
from keras_trainkit.kernels.gradient_ratios import measures

MEANS = np.array([[4.0, 0.0], [2.0, 0.0], [8.0, 0.0], [0.5, 0.0], [1.0, 0.0]])
VALUES = measures(MEANS, np.array([6.0, 0.0]))


def test_every_measure_is_there():
    assert tuple(VALUES) == MEASURES


def test_values_of_a_layer_by_hand():
    first = [VALUES[name][0] for name in MEASURES]
    assert first == [4.0, 2.0, 6.0, 0.5, 0.0625]


def test_what_was_never_updated_is_nan():
    assert all(np.isnan(VALUES[name][1]) for name in MEASURES)


def test_a_layer_in_half_of_the_updates_counts_these_alone():
    means = MEANS * 1.0
    means[4, 0] = 0.5
    assert measures(means, np.ones(2))["gradient_norm"][0] == 8.0
