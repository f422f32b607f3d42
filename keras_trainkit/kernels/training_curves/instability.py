"""Whether a loss diverges, swings or jumps."""

import numpy as np

from keras_trainkit.kernels.training_curves.trend import SIGNIFICANT
from keras_trainkit.kernels.training_curves.trend import finite
from keras_trainkit.kernels.training_curves.trend import noise
from keras_trainkit.kernels.training_curves.trend import trend


def first_not_finite(values):
    """Returns the place of the first NaN or infinity, or `None`."""
    places = np.flatnonzero(~np.isfinite(np.asarray(values, "float64")))
    return int(places[0]) if places.size else None


def is_diverging(losses, factor=10.0):
    """Whether a loss has risen above its start, and goes on rising.

    Either by more than `factor` times the size of its first value, or by half
    of that size with a trend upwards since its lowest value.
    """
    losses = finite(losses)
    if len(losses) < 2:
        return False
    first, last = losses[0], np.median(losses[-2:])
    risen = last - first
    if risen > factor * abs(first):
        return True
    since = losses[int(np.argmin(losses)) :]
    steady = trend(since[1:]) > SIGNIFICANT
    return bool(steady and risen > max(0.5 * abs(first), 3 * noise(losses)))


def oscillates(losses, least=0.25):
    """Whether a loss swings by `least` of its level without falling.

    The swings must also be a tenth of the first value: around a loss that is
    almost nothing they do not matter.
    """
    losses = finite(losses)
    half = losses[len(losses) // 2 :]
    if len(half) < 5 or trend(half) < -2.0:
        return False
    swing = noise(half)
    turns = np.mean(np.diff(np.sign(np.diff(half))) != 0)
    return bool(
        turns >= 0.5
        and swing > least * abs(np.median(half))
        and swing > 0.1 * abs(losses[0])
    )


def spikes(losses, width=3, times=10.0):
    """Returns the places of single values far above their neighbours.

    A spike is above the median of the `width` values on either side by half
    of that median's size and by `times` the curve's noise, and comes down
    again.
    """
    losses = np.asarray(losses, "float64")
    if len(losses) < 2 * width + 1:
        return []
    bound = times * noise(losses)
    found = []
    for place in range(width, len(losses) - 1):
        before = losses[place - width : place]
        after = losses[place + 1 : place + 1 + width]
        around = float(np.median(np.concatenate([before, after])))
        above = losses[place] - around
        if above > max(bound, 0.5 * abs(around)) and losses[place] == max(
            *before, losses[place], *after
        ):
            found.append(place)
    return found
