import numpy as np
import pytest

from keras_trainkit.kernels.probability.probabilities import class_labels
from keras_trainkit.kernels.probability.probabilities import class_probabilities
from keras_trainkit.kernels.probability.probabilities import class_targets
from keras_trainkit.kernels.probability.probabilities import (
    sampled_probabilities,
)

GOOD = {
    "classes": ([[0.2, 0.8], [1, 0]], [[0.2, 0.8], [1.0, 0.0]]),
    "one probability": ([0.25, 1.0], [[0.75, 0.25], [0.0, 1.0]]),
    "one column": ([[0.25], [1.0]], [[0.75, 0.25], [0.0, 1.0]]),
    "booleans": ([True, False], [[0.0, 1.0], [1.0, 0.0]]),
    "rounded past the end": ([1 + 1e-7, -1e-7], [[0.0, 1.0], [1.0, 0.0]]),
    "rounded as far as may be": ([1 + 1e-5, -1e-5], [[0.0, 1.0], [1.0, 0.0]]),
    "half precision": (
        np.array([[0.3333, 0.6660]], "float16"),
        [[0.333251953125, 0.666015625]],
    ),
}


@pytest.mark.parametrize("given, expected", GOOD.values(), ids=GOOD)
def test_probabilities_get_a_column_for_each_class(given, expected):
    found = class_probabilities(given)
    assert found.dtype == "float64"
    np.testing.assert_array_equal(found, expected)


def test_what_is_given_stays_as_it_is():
    given = np.array([[1 + 1e-7, -1e-7]])
    class_probabilities(given)
    assert given.max() > 1


BAD = {
    "logits": ([[2.0, -1.0]], "in \\[0, 1\\].*=2.0.*softmax"),
    "NaN": ([0.5, np.nan], "in \\[0, 1\\].*=nan"),
    "rows that sum to less": ([[0.5, 0.5], [0.5, 0.4]], "sum 0.9"),
    "independent probabilities": ([[0.9, 0.9]], "one column at a time"),
    "a scalar": (0.5, "array of shape \\(\\)"),
    "three axes": (np.full((2, 2, 2), 0.5), "Reshape"),
    "nothing": ([], "array of shape \\(0,\\)"),
    "no rows": (np.zeros((0, 3)), "array of shape \\(0, 3\\)"),
}


@pytest.mark.parametrize("given, words", BAD.values(), ids=BAD)
def test_what_are_no_probabilities_is_refused(given, words):
    with pytest.raises(ValueError, match=f"`mine` must be .*{words}"):
        class_probabilities(given, "mine")


@pytest.mark.parametrize("given", [["a"], [None], [1j]], ids=str)
def test_what_are_no_numbers_is_refused(given):
    with pytest.raises(TypeError, match="an array of real numbers"):
        class_probabilities(given)


SAMPLED = {
    "classes": ((4, 3, 5), (4, 3, 5)),
    "one probability": ((4, 3), (4, 3, 2)),
    "one column": ((4, 3, 1), (4, 3, 2)),
}


@pytest.mark.parametrize("given, expected", SAMPLED.values(), ids=SAMPLED)
def test_samples_are_checked_one_by_one(given, expected):
    values = np.random.default_rng(0).random(given)
    if expected == given:
        values /= values.sum(axis=-1, keepdims=True)
    found = sampled_probabilities(values)
    assert found.shape == expected
    last = class_probabilities(values[-1])
    np.testing.assert_array_equal(found[-1], last)


@pytest.mark.parametrize("shape", [(3,), (2, 2, 2, 2), (0, 3)], ids=str)
def test_samples_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"of shape \(samples, N, classes\)"):
        sampled_probabilities(np.full(shape, 0.5))


LABELS = {
    "integers": [2, 0],
    "a column": [[2], [0]],
    "floats": [2.0, 0.0],
    "one-hot": [[0, 0, 1], [1, 0, 0]],
    "one-hot floats": [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]],
}


@pytest.mark.parametrize("given", LABELS.values(), ids=LABELS)
def test_labels_become_integers(given):
    found = class_labels(given, 2, 3)
    assert found.dtype == "int64"
    assert found.tolist() == [2, 0]


TARGETS = {
    "integers": ([2, 0], [[0, 0, 1], [1, 0, 0]]),
    "one-hot": ([[0, 0, 1], [1, 0, 0]], [[0, 0, 1], [1, 0, 0]]),
    "smoothed": ([[0.1, 0.1, 0.8], [1, 0, 0]], [[0.1, 0.1, 0.8], [1, 0, 0]]),
    "tied": ([[0.5, 0.5, 0], [0, 0, 1]], [[0.5, 0.5, 0], [0, 0, 1]]),
}


@pytest.mark.parametrize("given, expected", TARGETS.values(), ids=TARGETS)
def test_targets_are_distributions(given, expected):
    found = class_targets(given, 2, 3)
    assert found.dtype == "float64"
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("given", [[0.25, 1.0], [[0.25], [1.0]]], ids=str)
def test_of_two_classes_a_target_is_the_probability_of_the_second(given):
    expected = [[0.75, 0.25], [0.0, 1.0]]
    np.testing.assert_array_equal(class_targets(given, 2, 2), expected)
    assert class_labels(given, 2, 2).tolist() == [0, 1]


def test_the_label_of_a_soft_target_is_the_most_probable_class():
    soft = [[0.2, 0.5, 0.3], [0.9, 0.05, 0.05]]
    assert class_labels(soft, 2, 3).tolist() == [1, 0]


TIED = {
    "two of three": ([[0.5, 0.5, 0], [0, 0, 1]], 3),
    "one column": ([0.5, 1], 2),
}


@pytest.mark.parametrize("given, classes", TIED.values(), ids=TIED)
def test_a_soft_target_for_two_classes_has_no_label(given, classes):
    with pytest.raises(ValueError, match=r"`y_true` must be.*most probable"):
        class_labels(given, 2, classes)


def test_the_first_row_without_a_label_is_told():
    given = [[0.5, 0.5, 0], [0, 0, 1], [0.25, 0.375, 0.375]]
    with pytest.raises(ValueError, match=r"y_true=\[0.5, 0.5, 0.0\]"):
        class_labels(given, 3, 3)


NO_TARGETS = {
    "too large": ([0, 3], 3, "from 0 to 2. Received: y_true=3"),
    "negative": ([-1, 0], 3, "from 0 to 2"),
    "a fraction": ([0.5, 1], 3, "whole numbers"),
    "NaN": ([np.nan, 1], 3, "whole numbers"),
    "no probability of class 1": ([1.5, 1], 2, "probabilities of class 1"),
    "too few": ([1], 3, "of shape \\(2,\\), \\(2, 1\\) or \\(2, 3\\)"),
    "two hot": ([[1, 1, 0], [0, 0, 1]], 3, "sum to 1.*sum 2"),
    "none hot": ([[0, 0, 0], [0, 0, 1]], 3, "sum to 1.*sum 0"),
    "outside of [0, 1]": ([[1.5, -0.5, 0], [0, 0, 1]], 3, "in .0, 1."),
    "NaN in a row": ([[np.nan, 1, 0], [0, 0, 1]], 3, "in .0, 1."),
}


@pytest.mark.parametrize("read", [class_targets, class_labels])
@pytest.mark.parametrize(
    "given, classes, words", NO_TARGETS.values(), ids=NO_TARGETS
)
def test_what_are_no_targets_is_refused(read, given, classes, words):
    with pytest.raises(ValueError, match=words):
        read(given, 2, classes)


def test_two_labels_of_two_classes_are_integers_not_one_hot():
    assert class_labels([[0], [1]], 2, 2).tolist() == [0, 1]
    assert class_labels([[1, 0], [0, 1]], 2, 2).tolist() == [0, 1]
