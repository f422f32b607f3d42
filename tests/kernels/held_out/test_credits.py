import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from sklearn import metrics

from keras_trainkit.kernels.held_out.credits import class_credits
from keras_trainkit.kernels.held_out.credits import label_credits
from keras_trainkit.kernels.held_out.credits import noise
from keras_trainkit.kernels.held_out.credits import score
from keras_trainkit.kernels.held_out.credits import value_credits

RNG = np.random.default_rng(0)
PLACES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(-1, 3)), min_size=1, max_size=40
)


@settings(max_examples=50, deadline=None)
@given(PLACES)
def test_their_mean_is_the_accuracy(pairs):
    places, predicted = np.array(pairs).T
    expected = metrics.accuracy_score(places, predicted)
    assert math.isclose(class_credits(places, predicted).mean(), expected)


@settings(max_examples=50, deadline=None)
@given(PLACES)
def test_balanced_their_mean_is_the_mean_recall(pairs):
    places, predicted = np.array(pairs).T
    labels = np.unique(places)
    expected = metrics.recall_score(
        places, predicted, labels=labels, average="macro", zero_division=0
    )
    found = class_credits(places, predicted, balanced=True).mean()
    assert math.isclose(found, expected, abs_tol=1e-12)


@pytest.mark.parametrize("columns", [1, 3])
def test_their_mean_is_r2(columns):
    y = RNG.normal(size=(50, columns)) * np.arange(1, columns + 1)
    predicted = y + RNG.normal(size=y.shape)
    expected = metrics.r2_score(y, predicted)
    assert math.isclose(value_credits(y, predicted).mean(), expected)


def test_many_columns_are_pooled():
    y = RNG.normal(size=(20, 30)) * np.arange(1, 31)
    predicted = y + 1
    expected = 1 - 1 / y.var(0).mean()
    assert math.isclose(value_credits(y, predicted).mean(), expected)


def test_of_labels_each_counts_alike():
    y = np.array([[0, 1], [0, 1], [0, 0], [1, 0]])
    none = np.zeros_like(y)
    assert label_credits(y, none).mean() == 0.5
    assert label_credits(y, y).mean() == 1.0


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e200])
def test_what_is_not_finite_or_far_off_is_as_bad_as_can_be(wrong):
    y = RNG.normal(size=9)
    predicted = y.copy()
    predicted[3] = wrong
    assert score(value_credits(y, predicted)) == -1.0


def test_a_constant_target_does_not_divide_by_zero():
    y = np.ones(5)
    assert score(value_credits(y, y)) == 1.0
    assert score(value_credits(y, y + 3)) == -1.0


def test_noise_is_that_of_the_differences():
    credits, others = RNG.random(30), RNG.random(30)
    difference = credits - others
    expected = 2 * difference.std(ddof=1) / math.sqrt(30)
    assert math.isclose(noise(credits, others), expected)
    assert noise(credits, credits) == 0.0
    assert noise(credits[:1], others[:1]) == 0.0


def test_an_outlier_is_not_all_of_the_noise():
    credits = np.ones(30)
    others = np.zeros(30)
    others[0] = -1e12
    assert noise(credits, others) < 0.1
