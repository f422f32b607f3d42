"""What each held-out row contributes to a score, and the noise of a gain.

A score is the mean of the rows' credits, so that two models are compared row
by row.
"""

import math

import numpy as np

# As useless as can be: a prediction far off is no worse than that.
LEAST = -1.0
_FEW_COLUMNS = 16


def class_credits(places, predicted, balanced=False):
    """Returns credits whose mean is the accuracy, or the balanced one.

    Args:
        places: Array of integers, the true class of each row (and place).
        predicted: Array like it, the predicted class.
        balanced: Whether each class counts as much as another: the mean of
            the recalls. Defaults to `False`.

    Returns:
        Array of one float a row.
    """
    hits = (places == predicted).astype("float64")
    if balanced:
        _, members, counts = np.unique(
            places, return_inverse=True, return_counts=True
        )
        shares = places.size / (len(counts) * counts)
        hits = hits * shares[members.reshape(places.shape)]
    return hits.reshape(len(hits), -1).mean(-1)


def label_credits(y, predicted):
    """Returns credits whose mean is the balanced accuracy over all labels.

    Args:
        y: Array of 0 and 1, the labels on the last axis.
        predicted: Array of 0 and 1 like it.
    """
    columns = [
        class_credits(y[..., place], predicted[..., place], balanced=True)
        for place in range(y.shape[-1])
    ]
    return np.mean(columns, axis=0)


def value_credits(y, predicted):
    """Returns credits whose mean is R2, the share of variance explained.

        1 - (y - predicted)**2 / var(y)

    Of several columns R2 is the mean over those that vary; of many, such as
    the pixels of an image, the shares are pooled.

    Args:
        y: Array of numbers.
        predicted: Array like it; what is not finite is as bad as can be.
    """
    y = y.astype("float64").reshape(len(y), -1)
    predicted = predicted.astype("float64").reshape(len(y), -1)
    with np.errstate(over="ignore", invalid="ignore"):
        squares = (y - predicted) ** 2
    variance = y.var(0)
    if y.shape[1] > _FEW_COLUMNS or not variance.any():
        variance = np.full(y.shape[1], variance.mean() or 1.0)
    varies = variance > 0
    lost = squares[:, varies] / variance[varies]
    return np.nan_to_num(1 - lost.mean(-1), nan=-np.inf, neginf=-np.inf)


def score(credits):
    """Returns the mean of credits, at least `LEAST`."""
    return max(float(np.mean(credits)), LEAST)


def noise(credits, others):
    """Returns twice the standard error of a gain over some held-out rows.

    Args:
        credits: Array of floats, one a row, of one model.
        others: The same rows' credits of another model.

    Returns:
        Float: `2 * std(difference) / sqrt(rows)`, 0.0 for a single row. A row
        counts as at least -1, which keeps an outlier from being all of it.
    """
    if len(credits) < 2:
        return 0.0
    difference = np.maximum(credits, LEAST) - np.maximum(others, LEAST)
    return 2 * float(difference.std(ddof=1)) / math.sqrt(len(difference))
