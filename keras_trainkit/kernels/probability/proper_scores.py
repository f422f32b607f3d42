"""Scores that only the true probabilities minimise, one for each row."""

import numpy as np


def negative_log_likelihood(probabilities, targets, floor):
    """Returns `-sum_k q_k log(p_k)`: for a one-hot `q`, `-log(p of the label)`.

    Args:
        probabilities: Array `p` of shape `(N, classes)`.
        targets: Array `q` of shape `(N, classes)`, rows that sum to one.
        floor: Float above 0: probabilities are clipped to
            `[floor, 1 - floor]`, since one of 0 would outweigh all others.

    Returns:
        Array of shape `(N,)`, in nats.
    """
    clipped = probabilities.clip(floor, 1 - floor)
    return -(targets * np.log(clipped)).sum(axis=1)


def squared_error(probabilities, targets):
    """Returns `sum_k (p_k - q_k)**2`.

    Args:
        probabilities: Array `p` of shape `(N, classes)`.
        targets: Array `q` of shape `(N, classes)`, rows that sum to one.

    Returns:
        Array of shape `(N,)`, values in [0, 2].
    """
    return ((probabilities - targets) ** 2).sum(axis=1)
