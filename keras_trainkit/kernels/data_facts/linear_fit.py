"""How much of some targets a linear function of the inputs can tell."""

import numpy as np


def linear_share(x, y, classes=False):
    """Returns what the best linear function gets of the targets.

    Args:
        x: Array, the first axis over rows.
        y: 1-D array of as many targets.
        classes: Whether these are labels. Defaults to `False`.

    Returns:
        Float. Of labels, by how much least squares beat the commonest class:
        `(accuracy - share) / (1 - share)`. Of measured values, the explained
        share of their variance. 0 is nothing, 1 is all.
    """
    rows = np.asarray(x, "float64").reshape(len(x), -1)
    spread = rows.std(0)
    rows = (rows - rows.mean(0))[:, spread > 0] / spread[spread > 0]
    rows = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
    if not classes:
        y = np.asarray(y, "float64")
        return 1 - _residual(rows, y).var() / y.var()
    labels, codes = np.unique(y, return_inverse=True)
    wanted = np.eye(len(labels))[codes.reshape(-1)]
    scores = wanted - _residual(rows, wanted)
    # Equal scores are no answer: they count as wrong.
    best = np.sort(scores, axis=-1)
    sure = best[:, -1] - best[:, -2] > 1e-9
    accuracy = float((sure & (scores.argmax(-1) == codes.reshape(-1))).mean())
    share = float(wanted.mean(0).max())
    return (accuracy - share) / (1 - share)


def _residual(rows, wanted):
    weights, *_ = np.linalg.lstsq(rows, wanted, rcond=None)
    return wanted - rows @ weights
