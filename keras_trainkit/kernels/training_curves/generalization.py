"""How training and validation part, and accuracy from loss."""

import numpy as np

from keras_trainkit.kernels.training_curves.trend import SIGNIFICANT
from keras_trainkit.kernels.training_curves.trend import finite
from keras_trainkit.kernels.training_curves.trend import level
from keras_trainkit.kernels.training_curves.trend import noise
from keras_trainkit.kernels.training_curves.trend import trend


def overfits_from(training, validation, least=0.1):
    """Returns the epoch of the lowest validation loss, if it rises from there.

    Args:
        training: Sequence of losses, one an epoch.
        validation: Sequence of losses, one an epoch; NaN for an epoch without
            validation.
        least: By how much of its lowest value it must have risen. Defaults
            to 0.1.

    Returns:
        Integer from 0 on; `None` where it does not rise by more than noise
        does, or the training loss does not fall meanwhile.
    """
    training = np.asarray(training, "float64")
    validation = np.asarray(validation, "float64")
    if not np.isfinite(validation).any() or len(training) != len(validation):
        return None
    best = int(np.nanargmin(validation))
    since = finite(validation[best:])
    if len(since) < 4 or not training[-1] < training[best]:
        return None
    risen = level(since) - since[0]
    spread = noise(validation)
    # The lowest value is one of choice, and would be a trend by itself.
    steady = trend(since[1:]) > SIGNIFICANT and risen > 3 * spread
    far = risen > max(0.5 * abs(since[0]), 8 * spread)
    enough = risen > least * abs(since[0])
    return best if enough and (steady or far) else None


def gap(training, validation):
    """Returns how far validation is above training, in sizes of training."""
    training, validation = finite(training), finite(validation)
    if not len(training) or not len(validation):
        return 0.0
    lower, upper = level(training), level(validation)
    size = max(abs(lower), np.finfo("float64").tiny)
    return float((upper - lower) / size)


def underfits(training, constant, most=0.5):
    """Whether a loss has stopped, and is above `most` of a constant's loss.

    Args:
        training: Sequence of losses, one an epoch.
        constant: The loss of the best constant prediction, above 0.
        most: The share of it. Defaults to 0.5.
    """
    training = finite(training)
    half = training[len(training) // 2 :]
    if len(half) < 5 or not constant > 0:
        return False
    stopped = trend(half) > -2.0 or half[0] - half[-1] < 0.01 * abs(half[0])
    return bool(stopped and level(training) > most * constant)


def accuracy_stands_still(accuracy, losses, least_fall=0.2, most_gain=0.01):
    """Whether a loss falls by `least_fall` while accuracy stays as it was.

    An accuracy of 0.95 and more has little room, and is never said to stand.
    """
    accuracy, losses = finite(accuracy), finite(losses)
    if len(accuracy) < 5 or len(losses) < 5 or not losses[0]:
        return False
    fallen = (losses[0] - level(losses)) / abs(losses[0])
    moved = np.max(accuracy) - np.min(accuracy)
    return bool(
        fallen > least_fall
        and trend(losses) < -2.0
        and moved <= most_gain
        and level(accuracy) < 0.95
    )
