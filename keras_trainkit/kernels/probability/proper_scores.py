"""Scores that only the true probabilities minimise, one for each row."""

import numpy as np


def negative_log_likelihood(probabilities, labels, floor):
    """Returns `-log(p of the label)`.

    Args:
        probabilities: Array of shape `(N, classes)`.
        labels: Integer array of shape `(N,)`.
        floor: Float above 0: probabilities are clipped to
            `[floor, 1 - floor]`, since one of 0 would outweigh all others.

    Returns:
        Array of shape `(N,)`, in nats.
    """
    of_label = probabilities[np.arange(len(labels)), labels]
    return -np.log(of_label.clip(floor, 1 - floor))


def squared_error(probabilities, labels):
    """Returns `sum_k (p_k - [label is k])**2`.

    Args:
        probabilities: Array of shape `(N, classes)`.
        labels: Integer array of shape `(N,)`.

    Returns:
        Array of shape `(N,)`, values in [0, 2].
    """
    happened = np.eye(probabilities.shape[1])[labels]
    return ((probabilities - happened) ** 2).sum(axis=1)
