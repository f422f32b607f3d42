import warnings

import hypothesis.strategies as st
import keras
import numpy as np
import pytest
from hypothesis import given
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss
from sklearn.metrics import mean_squared_error

from keras_trainkit.uncertainty.metrics.scores import brier_score
from keras_trainkit.uncertainty.metrics.scores import expected_calibration_error
from keras_trainkit.uncertainty.metrics.scores import negative_log_likelihood
from tests.helpers.predictions import predictions

OURS = (brier_score, negative_log_likelihood, expected_calibration_error)
WEIGHTED = {
    "likelihood": (negative_log_likelihood, log_loss),
    "Brier": (brier_score, brier_score_loss),
}
WEIGHTS = st.sampled_from([None, 0, 1])


def drawn_weights(seed, rows):
    if seed is None:
        return None
    return np.random.default_rng(seed).integers(1, 4, rows) / 2


def quiet(score, *args, **kwargs):
    """Calls scikit-learn's, which warns of float32 sums."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return score(*args, **kwargs)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("ours, theirs", WEIGHTED.values(), ids=WEIGHTED)
@given(data=predictions(), seed=WEIGHTS)
def test_scores_of_classes_are_those_of_scikit_learn(
    ours, theirs, dtype, data, seed
):
    labels, p = data[0], data[1].astype(dtype)
    weights = drawn_weights(seed, len(labels))
    kwargs = {"sample_weight": weights, "labels": np.arange(p.shape[1])}
    expected = quiet(theirs, labels, p, **kwargs)
    if p.shape[1] == 2 and ours is brier_score:
        expected *= 2  # scikit-learn takes two columns for one
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    assert ours(labels, p, weights) == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize("ours, theirs", WEIGHTED.values(), ids=WEIGHTED)
@given(data=predictions(max_classes=2), seed=WEIGHTS)
def test_scores_of_one_column_are_those_of_scikit_learn(
    ours, theirs, data, seed
):
    labels, p = data[0], data[1][:, 1]
    weights = drawn_weights(seed, len(labels))
    expected = theirs(labels, p, sample_weight=weights, labels=[0, 1])
    assert ours(labels, p, weights) == pytest.approx(expected, abs=1e-12)
    column = ours(labels[:, None], p[:, None], weights)
    assert column == ours(labels, p, weights)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_probability_of_zero_costs_what_it_costs_in_scikit_learn(dtype):
    p = np.array([[1.0, 0.0], [0.0, 1.0]], dtype)
    assert negative_log_likelihood([1, 1], p) == pytest.approx(
        log_loss([1, 1], p, labels=[0, 1]), rel=1e-3
    )


def test_whole_numbers_are_probabilities_in_double_precision():
    floor = np.finfo("float64").eps
    found = negative_log_likelihood([1], [[1, 0]])
    assert found == pytest.approx(-np.log(floor))


@pytest.mark.parametrize("score", OURS)
@given(data=predictions())
def test_one_hot_labels_are_the_labels(score, data):
    labels, p = data
    one_hot = np.eye(p.shape[1])[labels]
    assert score(one_hot, p) == score(labels, p)


def soft_targets(seed, rows, classes):
    return np.random.default_rng(seed).dirichlet(np.ones(classes), rows)


def expected_over_labels(score, soft, p, weights):
    """scikit-learn's score of every class as the label, weighted by `soft`."""
    rows, classes = soft.shape
    weights = np.ones(rows) if weights is None else weights
    return quiet(
        score,
        np.tile(np.arange(classes), rows),
        np.repeat(p, classes, axis=0),
        sample_weight=(weights[:, None] * soft).ravel(),
        labels=np.arange(classes),
    )


@given(data=predictions(), seed=WEIGHTS)
def test_the_likelihood_of_soft_targets_is_the_cross_entropy(data, seed):
    p = data[1]
    soft, weights = soft_targets(3, *p.shape), drawn_weights(seed, len(p))
    expected = expected_over_labels(log_loss, soft, p, weights)
    found = negative_log_likelihood(soft, p, weights)
    assert found == pytest.approx(expected, abs=1e-12)


@given(data=predictions(), seed=WEIGHTS)
def test_the_brier_score_of_soft_targets_is_their_squared_error(data, seed):
    p = data[1]
    soft, weights = soft_targets(3, *p.shape), drawn_weights(seed, len(p))
    expected = p.shape[1] * mean_squared_error(soft, p, sample_weight=weights)
    found = brier_score(soft, p, weights)
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("smoothing", [0.1, 0.5])
def test_smoothed_labels_cost_what_the_loss_of_keras_says(smoothing):
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]], "float32")
    hot = np.eye(3, dtype="float32")[[0, 1]]
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)
    smoothed = hot * (1 - smoothing) + smoothing / 3
    assert negative_log_likelihood(smoothed, p) == pytest.approx(
        float(loss(hot, p)), rel=1e-5
    )


@pytest.mark.parametrize("score", OURS[:2])
def test_soft_targets_of_two_classes_may_be_one_column(score):
    p, q = np.array([0.9, 0.2, 0.6]), np.array([0.95, 0.05, 0.5])
    columns = [np.stack([1 - one, one], axis=1) for one in (q, p)]
    halves = 2 if score is brier_score else 1
    expected = score(*columns) / halves
    assert score(q, p) == pytest.approx(expected, abs=1e-12)
    assert score(q[:, None], p[:, None]) == score(q, p)
    if score is brier_score:
        assert score(q, p) == pytest.approx(mean_squared_error(q, p))


@pytest.mark.parametrize("score", OURS[:2])
def test_weights_may_be_a_column(score):
    labels, p, weights = [0, 1, 1], [0.3, 0.9, 0.2], np.array([1.0, 0.5, 2.0])
    column = score(labels, p, weights[:, None])
    assert column == score(labels, p, weights)
    assert column != score(labels, p)


@pytest.mark.parametrize("score", OURS)
@given(data=predictions(), seed=st.integers(0, 99))
def test_the_order_of_the_rows_does_not_matter(score, data, seed):
    labels, p = data
    order = np.random.default_rng(seed).permutation(len(labels))
    assert score(labels[order], p[order]) == pytest.approx(
        score(labels, p), abs=1e-12
    )


def test_the_calibration_error_passes_its_arguments_on():
    p = [0.6, 0.7, 0.8, 0.9]
    labels = [1, 0, 1, 1]
    ece = expected_calibration_error
    # One bin: mean confidence 0.75, accuracy 0.75.
    assert ece(labels, p, n_bins=1) == pytest.approx(0)
    # Two of equal width hold 0 and 4, two of equal mass 2 and 2.
    assert ece(labels, p, n_bins=2) == pytest.approx(0)
    mass = ece(labels, p, n_bins=2, strategy="quantile")
    assert mass == pytest.approx((0.15 + 0.15) / 2)
    # Fifteen, the default, hold one each.
    assert ece(labels, p) == pytest.approx((0.4 + 0.7 + 0.2 + 0.1) / 4)


BAD = {
    "too few": ([1.0], "of shape \\(2,\\)"),
    "a weight for each class": ([[1.0, 1.0]] * 2, "of shape \\(2,\\)"),
    "negative": ([1.0, -1.0], "at least 0"),
    "NaN": ([1.0, np.nan], "at least 0"),
    "all zero": ([0.0, 0.0], "not all of them 0"),
}


@pytest.mark.parametrize("score", OURS[:2])
@pytest.mark.parametrize("weights, words", BAD.values(), ids=BAD)
def test_bad_weights_are_refused(score, weights, words):
    with pytest.raises(ValueError, match=f"`sample_weight` must be .*{words}"):
        score([0, 1], [0.5, 0.5], weights)


@pytest.mark.parametrize("score", OURS)
@pytest.mark.parametrize(
    "labels, p, words",
    [
        ([0, 1], [[2.0, -1.0]] * 2, "`probabilities` must be"),
        ([0, 1, 1], [0.5, 0.5], "as many labels as probabilities"),
        ([0, 2], [0.5, 0.5], "`y_true` must be"),
        (0, 0.5, "`probabilities` must be"),
    ],
    ids=["logits", "too many labels", "a third class", "scalars"],
)
def test_what_cannot_be_scored_is_refused(score, labels, p, words):
    with pytest.raises(ValueError, match=words):
        score(labels, p)
