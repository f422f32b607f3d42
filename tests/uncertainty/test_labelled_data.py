import keras
import numpy as np
import pytest

from keras_trainkit.uncertainty.labelled_data import require_labelled_data

X = np.zeros((4, 2))
LABELS = np.array([0, 2, 1, 3])
SOFT = np.array([[0.9, 0.1], [0.2, 0.8], [0.9, 0.1], [0.4, 0.6]])

GOOD = {
    "labels": (X, LABELS),
    "a column": (X, LABELS[:, None]),
    "floats": (X, LABELS.astype("float32")),
    "one-hot": (X, np.eye(4)[LABELS]),
    "booleans": (X, LABELS > 1),
    "soft": (X, SOFT),
    "soft, of class 1": (X, SOFT[:, 1]),
    "soft, of class 1, a column": (X, SOFT[:, 1:]),
    "several inputs": ({"a": X, "b": [X, X]}, LABELS),
    "tensors": (keras.ops.zeros((4, 2)), LABELS),
    "one row": (X[:1], [2]),
}


@pytest.mark.parametrize("x, y", GOOD.values(), ids=GOOD)
def test_labels_of_every_form_are_accepted(x, y):
    assert require_labelled_data(x, y) is None


BAD = {
    "a list": ([[1.0, 2.0]], LABELS, TypeError, "`x` must be an array"),
    "nothing": ([], LABELS, TypeError, "`x` must be an array"),
    "words": (X, ["a"] * 4, TypeError, "`y` must be an array of labels"),
    "a number": (X, 1, TypeError, "`y` must be an array of labels"),
    "rows": (X, LABELS[:3], ValueError, "same number of rows"),
    "regression": (X, LABELS + 0.5, ValueError, "For regression"),
    "below 0": (X, LABELS - 1, ValueError, "class labels"),
    "NaN": (X, np.full(4, np.nan), ValueError, "class labels"),
    "an image": (X, np.zeros((4, 2, 2)), ValueError, "class labels"),
    "wrong sums": (X, SOFT / 2, ValueError, "rows that sum to 1"),
    "a tie": (X, np.full((4, 2), 0.5), ValueError, "the most probable"),
    "a tie of two": (X, np.full(4, 0.5), ValueError, "the most probable"),
}


@pytest.mark.parametrize("x, y, kind, words", BAD.values(), ids=BAD)
def test_what_are_no_labels_is_refused(x, y, kind, words):
    with pytest.raises(kind, match=words):
        require_labelled_data(x, y)
