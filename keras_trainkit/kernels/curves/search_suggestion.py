"""What a learning-rate search suggests: its valley, or its steepest fall.

`rates` and `losses` are one-dimensional float64 arrays, one value per step.
"""

import math

import numpy as np

from keras_trainkit.kernels.argument_checks import require_choice

METHODS = ("valley", "steepest")

_FIRST = 10
_FEWEST_READ = 5
# Of 100 smoothed losses with no trend but noise, one run in a hundred falls
# further than this, in standard deviations of a single loss.
_NOISE_FALLS = 1.0
# float32 losses differ by this share when they are equal.
_ROUNDING = 1e-6
# At the bottom, rates that shrink the loss and rates that blow it up are in
# balance. On quadratics it lies between the stability limit, with noisy
# batches, and five times the limit, with the full batch; a ninth of it is
# below the limit and within a factor of ten. Networks want about as much.
_BELOW_BOTTOM = 9.0


def capped(losses):
    """Returns the losses, none above the largest of the first ten.

    A loss above where the search began has lost all that was gained. How far
    above has no meaning, but would dominate every average that includes it.
    """
    return np.minimum(losses, np.max(losses[:_FIRST], initial=-math.inf))


def smooth(losses, smoothing):
    """Averages exponentially, with bias correction, in both directions.

    One direction alone lags behind: over many decades of learning rates a
    lag of ten steps is a factor of ten.

    Example:

    >>> from keras_trainkit.kernels.curves.search_suggestion import smooth
    >>> smooth(np.array([3.0, 3.0, 3.0]), 0.9).round(6).tolist()
    [3.0, 3.0, 3.0]
    """
    return _average(_average(losses, smoothing)[::-1], smoothing)[::-1]


def _average(losses, smoothing):
    mean, averages = 0.0, []
    for i, loss in enumerate(losses):
        mean = smoothing * mean + (1 - smoothing) * loss
        averages.append(mean / (1 - smoothing ** (i + 1)))
    return np.array(averages)


def suggest(rates, losses, smoothed, method):
    """Returns the learning rate that a curve without divergence suggests.

    The first tenth and the last twentieth of the curve are not used.

    Args:
        rates: Learning rates, increasing.
        losses: The losses at these rates, all before the divergence, capped.
        smoothed: The same losses, smoothed.
        method: `"valley"`: a ninth of the rate at the lowest point;
            `"steepest"`: the rate on the way down to it where the slope over
            the logarithm of the rate is steepest, at most the former.

    Raises:
        ValueError: When the loss does not fall more than its noise does.
    """
    require_choice("method", method, METHODS)
    read = slice(len(rates) // 10, len(rates) - max(1, len(rates) // 20))
    rates, losses, smoothed = rates[read], losses[read], smoothed[read]
    if len(rates) < _FEWEST_READ:
        raise ValueError(
            "Expected a learning-rate search with a slope to read. Received: "
            f"only {max(len(rates), 0)} steps between the ends, which are not "
            "used, and before the loss diverged. Search from a smaller "
            "`min_lr`, or in more `steps`."
        )
    top, bottom = _fall(smoothed)
    _check_fall(rates, losses, smoothed, top, bottom)
    valley = float(rates[bottom] / _BELOW_BOTTOM)
    if method == "valley":
        return valley
    slopes = np.gradient(smoothed, np.log(rates))
    # A network that learns late falls most just before it diverges.
    return min(float(rates[top + np.argmin(slopes[top : bottom + 1])]), valley)


def _fall(smoothed):
    """Returns where the way down to the lowest point begins and ends."""
    bottom = int(np.argmin(smoothed))
    return int(np.argmax(smoothed[: bottom + 1])), bottom


def _check_fall(rates, losses, smoothed, top, bottom):
    fall = smoothed[top] - smoothed[bottom]
    # The spikes on the way to divergence, past the bottom, are no such noise.
    steps = np.abs(np.diff(losses[: max(bottom + 1, _FEWEST_READ)]))
    noise = np.mean(steps) * np.sqrt(np.pi) / 2
    smallest = max(_NOISE_FALLS * noise, _ROUNDING * abs(smoothed[top]))
    if not fall > smallest:
        raise ValueError(
            "Expected a learning-rate search with a slope to read. Received: "
            f"a smoothed loss that falls by at most {fall:.3g}, from "
            f"{smoothed[top]:.5g} to {smoothed[bottom]:.5g}, while single "
            f"losses scatter by {noise:.3g}, between the rates "
            f"{rates[0]:.3g} and {rates[-1]:.3g}. Search other rates, use "
            "larger batches, or check that the model can learn at all."
        )
