"""How often predictions are right when they say they are sure."""

import numpy as np

from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.probability.probabilities import class_labels
from keras_trainkit.kernels.probability.probabilities import class_probabilities

STRATEGIES = ("uniform", "quantile")


def reliability(y_true, probabilities, n_bins, strategy):
    """Sorts predictions into bins by the confidence in the top class.

    A bin holds the confidences in `(lower, upper]`; the first one 0, too.

    Args:
        y_true: Labels, see `class_labels`.
        probabilities: Array, see `class_probabilities`.
        n_bins: Integer above 0.
        strategy: `"uniform"` for bins of one width over [0, 1], `"quantile"`
            for bins of about as many predictions each. Equal confidences
            come into one bin.

    Returns:
        Dict of float64 arrays: `edges` of shape `(n_bins + 1,)`; `count`,
        and the means `confidence` and `accuracy` in each bin, NaN in empty
        ones, all of shape `(n_bins,)`.

    Raises:
        ValueError: For labels, probabilities, bins or a strategy that are
            none.
        TypeError: If `n_bins` is not an integer, or `strategy` no string.
    """
    require_integer("n_bins", n_bins, least=1)
    require_choice("strategy", strategy, STRATEGIES)
    probabilities = class_probabilities(probabilities)
    labels = class_labels(y_true, *probabilities.shape)
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, n_bins + 1)
    if strategy == "quantile":
        edges = np.quantile(confidence, edges)
    place = np.searchsorted(edges[1:-1], confidence)
    count = np.bincount(place, minlength=n_bins).astype("float64")
    filled = np.where(count > 0, count, np.nan)
    return {
        "edges": edges,
        "count": count,
        "confidence": np.bincount(place, confidence, n_bins) / filled,
        "accuracy": np.bincount(place, right, n_bins) / filled,
    }


def calibration_error(bins):
    """Returns the mean gap of accuracy and confidence over the predictions.

    Args:
        bins: What `reliability` returns.

    Returns:
        Float in [0, 1].
    """
    gap = np.abs(bins["accuracy"] - bins["confidence"])
    return float(np.nansum(bins["count"] * gap) / bins["count"].sum())
