"""Where a plot is drawn."""


def axes_or_new(ax):
    """Returns `ax`, or the axes of a new figure when it is `None`.

    Raises:
        ImportError: If matplotlib is not installed.
    """
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            "Plots need matplotlib. Install it with "
            '`pip install "keras-trainkit[plot]"`.'
        ) from error
    return pyplot.subplots(layout="constrained")[1]
