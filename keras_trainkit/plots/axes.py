"""Where a plot is drawn."""

import numpy as np

from keras_trainkit.kernels.argument_checks import bad_type


def axes_or_new(ax):
    """Returns `ax`, or the axes of a new figure when it is `None`.

    Raises:
        ImportError: If matplotlib is not installed.
        TypeError: If `ax` is no `Axes`.
    """
    if ax is not None:
        _require("ax", ax)
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            "Plots need matplotlib. Install it with "
            '`pip install "keras-trainkit[plot]"`.'
        ) from error
    return pyplot.subplots(layout="constrained")[1]


def axes_in(axes):
    """Returns a list of the `Axes` in an array or sequence of them.

    Raises:
        TypeError: If one of them is no `Axes`.
    """
    found = list(np.ravel(np.asarray(axes, "object")))
    for ax in found:
        _require("axes", ax)
    return found


def _require(name, ax):
    # Without an import of matplotlib, which is optional.
    if isinstance(ax, type) or not hasattr(ax, "get_xlabel"):
        raise bad_type(name, ax, "matplotlib's `Axes`")
