import math

import numpy as np
import pytest
from hypothesis import given

from keras_trainkit.kernels.probability.proper_scores import (
    negative_log_likelihood,
)
from keras_trainkit.kernels.probability.proper_scores import squared_error
from tests.helpers.predictions import predictions

SCORES = {
    "likelihood": lambda p, q: negative_log_likelihood(p, q, 1e-30),
    "squared error": squared_error,
}


def one_hot(labels, p):
    return np.eye(p.shape[1])[labels]


@given(predictions())
def test_the_likelihood_is_the_log_of_the_label_s_probability(data):
    labels, p = data
    expected = [-math.log(p[i, y]) for i, y in enumerate(labels)]
    np.testing.assert_allclose(
        negative_log_likelihood(p, one_hot(labels, p), 1e-30),
        expected,
        atol=1e-12,
    )


def test_the_likelihood_of_what_cannot_be_is_that_of_the_floor():
    p, labels = np.array([[1.0, 0.0]] * 2), np.array([1, 0])
    found = negative_log_likelihood(p, one_hot(labels, p), 1e-7)
    assert found.tolist() == [-math.log(1e-7), -math.log(1 - 1e-7)]


@given(predictions())
def test_the_squared_error_expands(data):
    labels, p = data
    of_label = p[np.arange(len(labels)), labels]
    expected = (p**2).sum(axis=1) - 2 * of_label + 1
    found = squared_error(p, one_hot(labels, p))
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
@given(data=predictions(max_rows=2))
def test_the_true_probabilities_score_best(score, data):
    classes = data[1].shape[1]
    truth, other = data[1][0], data[1][-1]

    def expected_score(said):
        return score(np.tile(said, (classes, 1)), np.eye(classes)) @ truth

    assert expected_score(truth) <= expected_score(other) + 1e-12


@pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
@given(data=predictions(max_rows=2))
def test_a_soft_target_scores_best_by_itself(score, data):
    soft, other = data[1][:1], data[1][-1:]
    assert score(soft, soft)[0] <= score(other, soft)[0] + 1e-12
