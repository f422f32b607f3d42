"""Accuracy against confidence."""

import numpy as np

from keras_trainkit.kernels.probability.calibration import calibration_error
from keras_trainkit.kernels.probability.calibration import reliability
from keras_trainkit.plots.axes import axes_or_new


def reliability_diagram(
    y_true, probabilities, n_bins=15, strategy="uniform", ax=None
):
    """Draws how often predictions are right against their confidence.

    Predictions are put into bins by the probability of their top class. Bars
    show the accuracy in each bin, hatched ones the gap to the mean confidence
    there; below the diagonal the model is overconfident. A histogram of the
    confidences stands above, since a gap in a bin with few predictions says
    little. The expected calibration error, the mean gap over all predictions,
    is written into the diagram.

    Args:
        y_true: Labels, integers of shape `(N,)` or `(N, 1)`, or one-hot. Of
            soft targets the most probable class is the label.
        probabilities: Array of shape `(N, classes)`, or `(N,)` or `(N, 1)`
            with the probability of class 1 of two; its top class may be
            either.
        n_bins: Integer above 0. Defaults to 15.
        strategy: `"uniform"` for bins of one width over [0, 1], or
            `"quantile"` for bins of about as many predictions each. Defaults
            to `"uniform"`.
        ax: The matplotlib `Axes` to draw into. Defaults to those of a new
            figure.

    Returns:
        The `Axes` with the diagram; the histogram is its only child Axes.

    Raises:
        ValueError: If shapes do not fit, or values are no probabilities or
            labels; if `n_bins` is below 1; if `strategy` is unknown.
        TypeError: If `n_bins` is not an integer, or labels or probabilities
            are not arrays of numbers.
        ImportError: If matplotlib is not installed.

    Example:

    >>> ax = ktk.plots.reliability_diagram([0, 1, 1], [0.1, 0.6, 0.9])
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('confidence', 'accuracy')

    Reference:

    - [Guo et al., 2017](https://arxiv.org/abs/1706.04599)
    """
    bins = reliability(y_true, probabilities, n_bins, strategy)
    ax = axes_or_new(ax)
    filled = bins["count"] > 0
    left, right = bins["edges"][:-1][filled], bins["edges"][1:][filled]
    # A quantile bin of equal confidences has no width, but predictions.
    width = np.maximum(right - left, 0.005)
    place = {"x": left, "width": width, "align": "edge"}
    bins = {k: v[filled] for k, v in bins.items() if k != "edges"}
    _draw_bars(ax, bins, place)
    _draw_histogram(ax, bins["count"], place)
    error = calibration_error(bins)
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8}
    place = {"ha": "right", "transform": ax.transAxes, "bbox": box}
    ax.text(0.97, 0.04, f"ECE {error:.3f}", **place)
    return ax


def _draw_bars(ax, bins, place):
    accuracy, confidence = bins["accuracy"], bins["confidence"]
    ax.bar(height=accuracy, label="accuracy", **place)
    ax.bar(
        height=np.abs(accuracy - confidence),
        bottom=np.minimum(accuracy, confidence),
        label="gap to the confidence",
        color="none",
        edgecolor="C3",
        hatch="//",
        **place,
    )
    ax.plot([0, 1], [0, 1], color="0.4", linestyle="--", linewidth=1)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    ax.set_xlabel("confidence")
    ax.set_ylabel("accuracy")
    ax.legend(loc="upper left")


def _draw_histogram(ax, count, place):
    above = ax.inset_axes((0, 1.04, 1, 0.2), sharex=ax)
    above.bar(height=count / count.sum(), color="0.7", **place)
    above.set_ylabel("share")
    above.tick_params(labelbottom=False)
