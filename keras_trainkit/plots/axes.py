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
    return new_axes(1)[0]


def new_axes(panels, columns=1, size=None):
    """Returns a list of the `Axes` of a new figure, row by row.

    Args:
        panels: Integer, how many.
        columns: Integer, how many stand in a row. Defaults to `1`.
        size: Width and height in inches. Defaults to `None`: matplotlib's.

    Raises:
        ImportError: If matplotlib is not installed.
    """
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            "Plots need matplotlib. Install it with "
            '`pip install "keras-trainkit[plot]"`.'
        ) from error
    figure = pyplot.figure(figsize=size, layout="constrained")
    rows = -(-panels // columns)
    return [figure.add_subplot(rows, columns, i + 1) for i in range(panels)]


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
