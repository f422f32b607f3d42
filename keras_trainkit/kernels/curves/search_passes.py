"""Several passes of a learning-rate search as one curve."""

import numpy as np


def mean_curve(passes):
    """Returns the rates of the first pass and the mean losses near each.

    Later passes have more steps, and so more losses near a rate; every loss
    counts once. The curve ends where the first of the passes ended.

    Args:
        passes: List of `(rates, losses)`, arrays of one length each; the
            first has at least two of them.

    Returns:
        Tuple `(rates, losses)` of float64 arrays.

    Example:

    >>> from keras_trainkit.kernels.curves.search_passes import mean_curve
    >>> coarse = [0.01, 0.1, 1.0], [4.0, 2.0, 6.0]
    >>> fine = [0.01, 0.03, 0.12, 0.4, 1.0], [4.0, 4.0, 2.0, 3.0, 3.0]
    >>> [part.tolist() for part in mean_curve([coarse, fine])]
    [[0.01, 0.1, 1.0], [4.0, 2.0, 4.0]]
    """
    rates = np.asarray(passes[0][0], "float64")
    grid = np.log(rates)
    edges = (grid[1:] + grid[:-1]) / 2
    sums, counts, end = np.zeros(len(grid)), np.zeros(len(grid)), len(grid)
    last = grid[-1] + (grid[-1] - edges[-1])
    for own_rates, losses in passes:
        own = np.log(own_rates)
        losses = np.asarray(losses)[own <= last]
        nearest = np.searchsorted(edges, own[own <= last])
        np.add.at(sums, nearest, losses)
        np.add.at(counts, nearest, 1)
        end = min(end, nearest[-1] + 1)
    means = sums[:end] / counts[:end]
    return rates[:end], means
