"""What a learning-rate search suggests: its valley, or its steepest fall.

`rates` and `losses` are one-dimensional float64 arrays, one value per step.
"""

import math
from typing import NamedTuple

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
# A fall of less than this is clear enough for no precise rate.
_CLEAR_FALLS = 2.0
# Past most of the fall, larger rates gain little and come close to those that
# diverge. Noise moves the place where most of it is made; the rate at the
# lowest point holds it. The numbers were chosen on other seeds than those that
# benchmarks/search_reliability.py reports; near them little changes.
_MOST_OF_FALL = 0.85
_BELOW = 3.0
_BELOW_BOTTOM = (16.0, 6.0)


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
        method: `"valley"`: a third of the rate at which 85% of the fall to
            the lowest point are made, but at least a sixteenth and at most a
            sixth of the rate there; `"steepest"`: the rate on the way down
            where the slope over the logarithm of the rate is steepest, at
            most the former.

    Raises:
        ValueError: When the loss does not fall more than its noise does.
    """
    require_choice("method", method, METHODS)
    read = _read_part(len(rates))
    fall = _fall(losses[read], smoothed[read])
    rates, smoothed = rates[read], smoothed[read]
    if fall is None:
        raise ValueError(
            "Expected a learning-rate search with a slope to read. Received: "
            f"only {len(rates)} steps between the ends, which are not "
            "used, and before the loss diverged. Search from a smaller "
            "`min_lr`, or in more `steps`."
        )
    if fall.too_small():
        raise _no_slope(fall, rates, smoothed)
    way_down = smoothed[fall.top : fall.bottom + 1]
    low_enough = way_down <= way_down[0] - _MOST_OF_FALL * fall.depth
    valley = rates[fall.top + np.argmax(low_enough)] / _BELOW
    least, most = (rates[fall.bottom] / below for below in _BELOW_BOTTOM)
    valley = float(min(max(valley, least), most))
    if method == "valley":
        return valley
    slopes = np.gradient(smoothed, np.log(rates))
    # A network that learns late falls most just before it diverges.
    steepest = fall.top + np.argmin(slopes[fall.top : fall.bottom + 1])
    return min(float(rates[steepest]), valley)


def unclear(losses, smoothed):
    """Whether a curve long enough to read falls by less than twice its noise.

    Where the loss falls is then uncertain; in more steps it may fall further.

    Args:
        losses: The losses before the divergence, capped.
        smoothed: The same losses, smoothed.
    """
    read = _read_part(len(losses))
    fall = _fall(losses[read], smoothed[read])
    return fall is not None and fall.too_small(_CLEAR_FALLS)


class _Fall(NamedTuple):
    """The way down to the lowest point of the smoothed losses."""

    top: int
    bottom: int
    depth: float
    noise: float
    rounding: float

    def too_small(self, noises=_NOISE_FALLS):
        return not self.depth > max(noises * self.noise, self.rounding)


def _read_part(length):
    return slice(length // 10, max(length - max(1, length // 20), 0))


def _fall(losses, smoothed):
    """Returns the `_Fall`; `None` where there are too few losses."""
    if len(losses) < _FEWEST_READ:
        return None
    bottom = int(np.argmin(smoothed))
    top = int(np.argmax(smoothed[: bottom + 1]))
    # The spikes on the way to divergence, past the bottom, are no such noise.
    steps = np.abs(np.diff(losses[: max(bottom + 1, _FEWEST_READ)]))
    return _Fall(
        top,
        bottom,
        depth=smoothed[top] - smoothed[bottom],
        noise=np.mean(steps) * np.sqrt(np.pi) / 2,
        rounding=_ROUNDING * abs(smoothed[top]),
    )


def _no_slope(fall, rates, smoothed):
    return ValueError(
        "Expected a learning-rate search with a slope to read. Received: "
        f"a smoothed loss that falls by at most {fall.depth:.3g}, from "
        f"{smoothed[fall.top]:.5g} to {smoothed[fall.bottom]:.5g}, while "
        f"single losses scatter by {fall.noise:.3g}, between the rates "
        f"{rates[0]:.3g} and {rates[-1]:.3g}. Search in more `steps`, with "
        "larger batches or at other rates, or check that the model can learn "
        "at all."
    )
