"""What the outputs of a layer tell about its units."""

import numpy as np

# The share of the range that counts as near a bound.
NEAR = 0.01


def dead_share(values, axis=-1):
    """Returns the share of units that are 0 wherever they were computed.

    Args:
        values: Array of shape `(rows, ...)`.
        axis: Integer, the axis of the units. Defaults to `-1`.

    Returns:
        Float from 0 to 1.
    """
    others = tuple(i for i in range(values.ndim) if i != axis % values.ndim)
    return float(np.mean(~np.any(values != 0, axis=others)))


def saturated_share(values, low, high):
    """Returns the share of values within 1 % of the range from a bound.

    There a sigmoid has less than a twenty-fifth of its greatest slope.

    Args:
        values: Array.
        low: Float, the lower bound.
        high: Float, the upper bound.

    Returns:
        Float from 0 to 1.
    """
    near = NEAR * (high - low)
    return float(np.mean((values <= low + near) | (values >= high - near)))


def row_spread(values):
    """Returns by how much the rows of an array differ.

    Formula: the square root of the mean, over all units, of the variance
    over the rows. It is 0 if all rows are equal.

    Args:
        values: Array of shape `(rows, ...)`.

    Returns:
        Float.
    """
    return float(np.sqrt(np.mean(np.var(values, axis=0, dtype="float64"))))
