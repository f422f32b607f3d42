import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from sklearn.calibration import calibration_curve

from keras_trainkit.kernels.probability.calibration import STRATEGIES
from keras_trainkit.kernels.probability.calibration import calibration_error
from keras_trainkit.kernels.probability.calibration import reliability
from tests.helpers.predictions import predictions

BINS = st.integers(1, 9)


def error(labels, probabilities, n_bins=15, strategy="uniform"):
    bins = reliability(labels, probabilities, n_bins, strategy)
    return calibration_error(bins)


@pytest.mark.parametrize("strategy", STRATEGIES)
@given(data=predictions(), n_bins=BINS)
def test_the_bins_are_those_of_scikit_learn(strategy, data, n_bins):
    labels, p = data
    bins = reliability(labels, p, n_bins, strategy)
    right = p.argmax(axis=1) == labels
    accuracy, confidence = calibration_curve(
        right, p.max(axis=1), n_bins=n_bins, strategy=strategy
    )
    filled = bins["count"] > 0
    np.testing.assert_allclose(bins["accuracy"][filled], accuracy)
    np.testing.assert_allclose(bins["confidence"][filled], confidence)
    assert np.isnan(bins["accuracy"][~filled]).all()
    assert bins["count"].sum() == len(labels)


def test_a_bin_holds_its_upper_edge():
    p = np.array([0.5, 0.75, 0.750001, 1.0])
    bins = reliability([1, 1, 1, 1], p, 4, "uniform")
    assert bins["edges"].tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert bins["count"].tolist() == [0, 1, 1, 2]


def test_quantile_bins_hold_as_many_each():
    p = np.random.default_rng(0).uniform(0.5, 1, 30)
    bins = reliability(np.ones(30), p, 5, "quantile")
    assert bins["count"].tolist() == [6] * 5


def test_equal_confidences_come_into_one_bin():
    bins = reliability(np.ones(6), np.full(6, 0.9), 3, "quantile")
    assert sorted(bins["count"]) == [0, 0, 6]


@pytest.mark.parametrize("strategy", STRATEGIES)
@given(data=predictions(), n_bins=BINS, seed=st.integers(0, 99))
def test_the_order_of_the_rows_does_not_matter(strategy, data, n_bins, seed):
    labels, p = data
    order = np.random.default_rng(seed).permutation(len(labels))
    assert error(labels[order], p[order], n_bins, strategy) == pytest.approx(
        error(labels, p, n_bins, strategy), abs=1e-12
    )


@pytest.mark.parametrize("strategy", STRATEGIES)
@given(data=predictions(), n_bins=BINS)
def test_the_error_is_between_the_whole_gap_and_one(strategy, data, n_bins):
    labels, p = data
    gap = abs(np.mean(p.argmax(1) == labels) - p.max(axis=1).mean())
    assert gap - 1e-12 <= error(labels, p, n_bins, strategy) <= 1


@given(data=predictions())
def test_the_error_of_one_bin_is_the_whole_gap(data):
    labels, p = data
    gap = abs(np.mean(p.argmax(1) == labels) - p.max(axis=1).mean())
    assert error(labels, p, n_bins=1) == pytest.approx(gap, abs=1e-12)


@pytest.mark.parametrize("strategy", STRATEGIES)
@given(
    groups=st.lists(st.integers(1, 9), min_size=1, max_size=5, unique=True),
    size=st.sampled_from([20, 40]),
)
def test_what_is_right_as_often_as_it_says_has_no_error(strategy, groups, size):
    confidences = [(10 + k) / 20 for k in groups]
    p = np.repeat(confidences, size)
    labels = np.concatenate(
        [np.arange(size) < round(c * size) for c in confidences]
    )
    # More bins than values: what one holds has one confidence.
    assert error(labels, p, 40, strategy) == pytest.approx(0, abs=1e-12)


CLOSED = {
    "sure and wrong": ([0, 0], [1.0, 1.0], 1.0),
    "sure and right": ([1, 0], [1.0, 0.0], 0.0),
    "two bins": ([1, 1, 0, 1], [0.6, 0.6, 0.9, 0.9], 0.5 * 0.4 + 0.5 * 0.4),
}


@pytest.mark.parametrize("labels, p, expected", CLOSED.values(), ids=CLOSED)
def test_closed_forms(labels, p, expected):
    assert error(labels, p) == pytest.approx(expected)


@given(data=predictions(max_classes=2))
def test_one_column_is_as_two(data):
    labels, p = data
    assert error(labels, p[:, 1]) == pytest.approx(error(labels, p), abs=1e-12)


@given(data=predictions())
def test_smoothed_labels_are_right_where_the_labels_are(data):
    labels, p = data
    classes = p.shape[1]
    smoothed = 0.9 * np.eye(classes)[labels] + 0.1 / classes
    assert error(smoothed, p) == error(labels, p)


BAD = {
    "no bins": (0, "uniform", ValueError, "`n_bins` must be an integer of at"),
    "a fraction": (1.5, "uniform", TypeError, "`n_bins` must be an integer"),
    "a boolean": (True, "uniform", TypeError, "`n_bins` must be an integer"),
    "a strategy": (5, "mass", ValueError, "`strategy` must be one of"),
    "no strategy": (5, None, TypeError, "`strategy` must be one of"),
}


@pytest.mark.parametrize("n_bins, strategy, kind, words", BAD.values(), ids=BAD)
def test_bad_bins_are_refused(n_bins, strategy, kind, words):
    with pytest.raises(kind, match=words):
        reliability([1], [0.5], n_bins, strategy)
