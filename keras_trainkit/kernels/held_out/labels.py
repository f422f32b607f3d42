"""From what a model predicts to the class that is meant."""

import numpy as np


def class_places(y, labels):
    """Returns for each target its place among the labels, -1 for a stranger.

    Args:
        y: Array of labels, or of vectors with one place for each label, the
            largest of which is meant.
        labels: Sequence of the labels, in the order of the places.

    Returns:
        Array of integers, without the last axis where that ran over labels or
        was of length 1.
    """
    y = np.asarray(y)
    if y.ndim > 1 and y.shape[-1] == 1:
        y = y[..., 0]
    elif y.ndim > 1 and y.shape[-1] == len(labels) and _are_vectors(y):
        return _largest(y)
    return _nearest_or_none(y, labels)


def predicted_places(outputs, labels, bound=None):
    """Returns for each row the place of the label that a model predicts.

    Args:
        outputs: Array of a model's outputs. With several on the last axis the
            largest one's place is the label; a single one is the label, or
            the nearest to it.
        labels: Sequence of numbers, the labels that it was trained on.
        bound: Float between the two labels of a single output that is no
            label but a logit. Defaults to `None`: there is none.

    Returns:
        Array of integers, -1 for an output that is not finite or no label.
    """
    outputs = np.asarray(outputs, "float64")
    if outputs.ndim > 1 and outputs.shape[-1] > 1:
        places = _largest(outputs)
        values = np.asarray(labels, "float64")
        order = np.argsort(values)
        found = np.searchsorted(values[order], places)
        found = np.minimum(found, len(values) - 1)
        same = values[order][found] == places
        return np.where(same, order[found], -1)
    if outputs.ndim > 1:
        outputs = outputs[..., 0]
    if bound is not None and len(labels) == 2:
        lower, upper = np.argsort(np.asarray(labels, "float64"))
        places = np.where(outputs > bound, upper, lower)
    else:
        values = np.asarray(labels, "float64")
        places = np.abs(outputs[..., None] - values).argmin(-1)
    return np.where(np.isfinite(outputs), places, -1)


def _are_vectors(y):
    kind = y.dtype.kind in "biuf"
    return kind and y.min() >= 0 and y.max() <= 1


def _largest(vectors):
    finite = np.isfinite(vectors).all(-1)
    return np.where(finite, vectors.argmax(-1), -1)


def _nearest_or_none(y, labels):
    table = {label: place for place, label in enumerate(labels)}
    flat = [table.get(one, -1) for one in y.reshape(-1).tolist()]
    return np.asarray(flat, int).reshape(y.shape)
