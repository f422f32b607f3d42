"""Piecewise curves over integer positions, on the host and inside a step."""

import math
from typing import NamedTuple

import numpy as np


class Phase(NamedTuple):
    """One piece of a curve.

    Args:
        start: Position at which `first` holds; need not be an integer.
        end: Position at which `last` holds; above `start`.
        first: Value at `start`.
        last: Value at `end`.
    """

    start: float
    end: float
    first: float
    last: float


def anneal_linear(first, last, fraction, xp=np):
    """Returns `(1 - fraction) * first + fraction * last`.

    In this form the end is exact in float32, too, however small it is.
    """
    return (1 - fraction) * first + fraction * last


def anneal_cos(first, last, fraction, xp=np):
    """Returns `last + (first - last) / 2 * (1 + cos(pi * fraction))`."""
    return last + (first - last) / 2.0 * (xp.cos(math.pi * fraction) + 1)


ANNEAL = {"linear": anneal_linear, "cos": anneal_cos}


def piecewise(position, phases, anneal=anneal_linear, xp=np, dtype="float64"):
    """Returns the value of a piecewise curve at integer positions.

    In the phase that `position` falls into (a phase's `end` belongs to it)
    the value is `anneal(first, last, (position - start) / (end - start))`.
    Before the first and after the last position the curve is constant.

    The position stays an integer until it is measured from the start of its
    phase: a float32 position would stand still beyond 2**24.

    Args:
        position: Integer array, or integer tensor of any backend.
        phases: Sequence of `Phase`s, each starting where the last one ended.
        anneal: One of `ANNEAL`'s values. Defaults to `anneal_linear`.
        xp: `numpy` or `keras.ops`: who computes. Defaults to `numpy`.
        dtype: Float dtype of the result. Defaults to `"float64"`.

    Returns:
        Array or tensor of the shape of `position`.

    Example:

    >>> from keras_trainkit.kernels.curves.phases import Phase, piecewise
    >>> up_and_down = [Phase(0, 2, 0.0, 1.0), Phase(2, 4, 1.0, 0.0)]
    >>> piecewise(np.arange(6), up_and_down).tolist()
    [0.0, 0.5, 1.0, 0.5, 0.0, 0.0]
    """
    position = xp.clip(
        position, math.ceil(phases[0].start), math.floor(phases[-1].end)
    )
    value = None
    for phase in reversed(phases):
        whole = math.floor(phase.start)
        since = _cast(position - whole, dtype, xp) - (phase.start - whole)
        fraction = since / (phase.end - phase.start)
        here = anneal(phase.first, phase.last, fraction, xp)
        if value is None:
            value = here
        else:
            value = xp.where(position <= math.floor(phase.end), here, value)
    return value


def _cast(x, dtype, xp):
    return np.asarray(x, dtype) if xp is np else xp.cast(x, dtype)
