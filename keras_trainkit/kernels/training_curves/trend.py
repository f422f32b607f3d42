"""Whether a curve falls or rises, told from its noise."""

import math

import numpy as np

# One curve of pure noise in a hundred passes this bound.
SIGNIFICANT = 2.33
# Of a normal distribution: the standard deviation over the median deviation.
_DEVIATION = 1.4826
# The pairs of more values would take time, and tell no more.
_MOST = 200


def finite(values):
    """Returns the finite elements of a curve as an array of float64."""
    values = np.asarray(values, "float64").ravel()
    return values[np.isfinite(values)]


def trend(values):
    """Returns the score of Mann and Kendall: negative where a curve falls.

    The number of pairs that rise minus those that fall, over its standard
    deviation in a curve without a trend. It depends on the order of the
    values alone, so neither scale nor outliers matter. Below -2.33 the curve
    falls more than noise does in one of a hundred curves. Curves of fewer than
    six values do not reach that.

    Reference:

    - [Mann, 1945](https://doi.org/10.2307/1907187)
    """
    values = _thinned(finite(values))
    n = len(values)
    if n < 3:
        return 0.0
    signs = np.sign(values[None, :] - values[:, None])
    score = float(np.sum(np.triu(signs, 1)))
    _, ties = np.unique(values, return_counts=True)
    variance = _pairs(n) - sum(_pairs(int(tied)) for tied in ties)
    if not score or variance <= 0:
        return 0.0
    return (score - math.copysign(1, score)) / math.sqrt(variance)


def noise(values):
    """Returns the standard deviation of what a smooth curve would not have.

    From the median size of the second differences, so that neither a trend
    nor single spikes count.
    """
    values = finite(values)
    if len(values) < 4:
        return 0.0
    bends = np.abs(np.diff(values, 2))
    # The second difference of independent noise has six times its variance.
    return float(_DEVIATION * np.median(bends) / math.sqrt(6))


def level(values):
    """Returns the median of a curve's last third, at least of three values."""
    values = finite(values)
    return float(np.median(values[-max(3, len(values) // 3) :]))


def _thinned(values):
    """Returns at most `_MOST` values: every n-th of a long curve."""
    return values[:: -(-len(values) // _MOST)] if len(values) else values


def _pairs(n):
    """The variance of the score of `n` values without ties."""
    return n * (n - 1) * (2 * n + 5) / 18
