"""A learning rate that rises geometrically."""

import math

import numpy as np

from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.kernels.curves.phases import Phase
from keras_trainkit.kernels.curves.phases import piecewise


def rise(min_lr, max_lr, steps, position, xp=np, dtype="float64"):
    """Returns `min_lr * (max_lr / min_lr) ** (position / (steps - 1))`.

    Args:
        min_lr: Float above 0.
        max_lr: Float above 0.
        steps: Integer of at least 2. From position `steps - 1` on the value
            stays at `max_lr`.
        position: Integer array, or integer tensor of any backend.
        xp: `numpy` or `keras.ops`: who computes. Defaults to `numpy`.
        dtype: Float dtype of the result. Defaults to `"float64"`.

    Returns:
        Array or tensor of the shape of `position`.

    Example:

    >>> from keras_trainkit.kernels.curves.geometric_rise import rise
    >>> rise(0.01, 1.0, 3, np.arange(3)).round(6).tolist()
    [0.01, 0.1, 1.0]
    """
    phase = Phase(0, steps - 1, min_lr, max_lr)
    return piecewise(position, (phase,), _geometric, xp, dtype)


def rates(min_lr, max_lr, steps):
    """Returns the rates of all steps as a float64 array."""
    return rise(min_lr, max_lr, steps, np.arange(steps))


def _geometric(first, last, fraction, xp):
    return first * xp.exp(math.log(last / first) * fraction)


def check_arguments(min_lr, max_lr, steps, early_stop_threshold, smoothing):
    """Raises for arguments that describe no learning-rate search."""
    require_number(
        "min_lr",
        min_lr,
        "a finite number above 0",
        lambda v: 0 < v < math.inf,
    )
    require_number(
        "max_lr",
        max_lr,
        f"a finite number above min_lr={min_lr}",
        lambda v: min_lr < v < math.inf,
    )
    require_integer("steps", steps, 2)
    check_reading(early_stop_threshold, smoothing)


def check_reading(early_stop_threshold, smoothing):
    """Raises for arguments by which no curve of losses can be read."""
    if early_stop_threshold is not None:
        require_number(
            "early_stop_threshold",
            early_stop_threshold,
            "a number above 1, or None",
            lambda v: v > 1,
        )
    require_number(
        "smoothing",
        smoothing,
        "a number of at least 0 and below 1",
        lambda v: 0 <= v < 1,
    )
