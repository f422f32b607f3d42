"""Scores of several seeds, and whether they differ by more than noise."""

import math

import numpy as np


def summary(scores):
    """Returns mean, standard deviation and standard error of scores.

    Args:
        scores: Sequence of floats, one for each seed.

    Returns:
        Tuple of floats: the mean, `s = sqrt(sum((x - mean)**2) / (n - 1))`,
        and `s / sqrt(n)`; the last two are NaN for one score, all for none.
    """
    n = len(scores)
    mean = float(np.mean(scores)) if n else math.nan
    std = float(np.std(scores, ddof=1)) if n > 1 else math.nan
    return mean, std, std / math.sqrt(n) if n else math.nan


def gain(scores, others, upwards):
    """Returns by how much some scores are better than others, and the noise.

    The noise is twice the standard error of the difference of the means,

        2 * sqrt(s1**2 / n1 + s2**2 / n2)

    Args:
        scores: Sequence of floats.
        others: Sequence of floats.
        upwards: Whether larger scores are better.

    Returns:
        Tuple of floats.
    """
    (one, _, error), (two, _, other_error) = summary(scores), summary(others)
    difference = one - two if upwards else two - one
    return difference, 2 * math.hypot(error, other_error)
