import math

import numpy as np
import pytest
from hypothesis import given
from scipy import stats

from keras_trainkit.uncertainty.metrics.acquisition import bald
from keras_trainkit.uncertainty.metrics.acquisition import entropy
from keras_trainkit.uncertainty.metrics.acquisition import margin
from tests.helpers.predictions import predictions


@given(predictions())
def test_the_entropy_is_that_of_scipy(data):
    _, p = data
    np.testing.assert_allclose(entropy(p), stats.entropy(p, axis=1), atol=1e-12)


def test_the_entropy_of_one_probability_is_that_of_two_classes():
    p = np.array([0.0, 0.1, 0.5, 1.0])
    expected = stats.entropy(np.stack([p, 1 - p], axis=1), axis=1)
    np.testing.assert_allclose(entropy(p), expected, atol=1e-12)
    np.testing.assert_array_equal(entropy(p[:, None]), entropy(p))


@given(predictions())
def test_bald_is_the_mean_divergence_from_the_mean(data):
    # The same mutual information by another formula.
    samples = data[1].reshape((len(data[1]), 1, -1))
    mean = samples.mean(axis=0, keepdims=True)
    expected = stats.entropy(samples, mean, axis=-1).mean(axis=0)
    np.testing.assert_allclose(bald(samples), expected, atol=1e-12)


BALD = {
    "a coin known each time": ([[1.0], [0.0]], math.log(2)),
    "a fair coin each time": ([[0.5], [0.5]], 0.0),
    "one sample": ([[0.3]], 0.0),
    "three classes": (np.eye(3)[:, None], math.log(3)),
}


@pytest.mark.parametrize("samples, expected", BALD.values(), ids=BALD)
def test_known_disagreements(samples, expected):
    assert bald(samples) == pytest.approx(expected, abs=1e-12)


@given(predictions())
def test_the_margin_is_between_the_best_two(data):
    _, p = data
    expected = [max(row) - sorted(row)[-2] for row in p.tolist()]
    np.testing.assert_array_equal(margin(p), expected)


def test_the_margin_of_one_probability():
    np.testing.assert_allclose(margin([0.0, 0.25, 0.5]), [1.0, 0.5, 0.0])


BAD = {
    "bald": (bald, np.full((2, 3, 4), 2.0), "`samples`"),
    "entropy": (entropy, [[2.0, -1.0]], "`probabilities`"),
    "margin": (margin, [[0.5, np.nan]], "`probabilities`"),
}


@pytest.mark.parametrize("measure, given, name", BAD.values(), ids=BAD)
def test_what_are_no_probabilities_is_refused(measure, given, name):
    with pytest.raises(ValueError, match=f"{name} must be made of probab"):
        measure(given)
