"""The loss of the best prediction that ignores the inputs."""

import numpy as np


def constant_loss(name, targets):
    """Returns the least loss of a prediction that is equal for all rows.

    What a network that has learnt something must be below: for
    cross-entropies the entropy of the classes' shares, for squared errors the
    variance of the targets, for absolute ones the mean distance from the
    median.

    Args:
        name: Keras's name of the loss, such as `"mean_squared_error"`.
        targets: Array of targets, as that loss takes them.

    Returns:
        Float, or `None` for a loss or targets that this does not know.
    """
    targets = np.asarray(targets)
    if name not in _LOSSES or not len(targets) or targets.dtype.kind not in _OK:
        return None
    targets = targets.astype("float64")
    if not np.isfinite(targets).all():
        return None
    return _LOSSES[name](targets.reshape(len(targets), -1))


_OK = "biuf"


def _entropy(shares):
    shares = shares[shares > 0]
    return float(-np.sum(shares * np.log(shares)))


def _of_labels(targets):
    counts = np.unique(targets, return_counts=True)[1]
    return _entropy(counts / counts.sum())


def _of_shares(targets):
    if (targets < 0).any() or targets.shape[1] < 2:
        return None
    return _entropy(targets.mean(axis=0))


def _of_columns(targets):
    if (targets < 0).any() or (targets > 1).any():
        return None
    means = targets.mean(axis=0)
    both = [_entropy(np.array([p, 1 - p])) for p in means]
    return float(np.mean(both))


def _squared(targets):
    return float(targets.var(axis=0).mean())


def _absolute(targets):
    middle = np.median(targets, axis=0)
    return float(np.abs(targets - middle).mean())


_LOSSES = {
    "sparse_categorical_crossentropy": _of_labels,
    "categorical_crossentropy": _of_shares,
    "binary_crossentropy": _of_columns,
    "mean_squared_error": _squared,
    "mean_absolute_error": _absolute,
}
