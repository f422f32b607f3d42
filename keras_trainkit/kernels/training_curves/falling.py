"""Whether a loss falls, too slowly, or still at the end."""

from keras_trainkit.kernels.training_curves.trend import SIGNIFICANT
from keras_trainkit.kernels.training_curves.trend import finite
from keras_trainkit.kernels.training_curves.trend import level
from keras_trainkit.kernels.training_curves.trend import noise
from keras_trainkit.kernels.training_curves.trend import trend

# Fewer epochs say nothing about the shape of a curve.
_LEAST = 5


def fall(losses):
    """Returns by how much of its first value a loss has fallen.

    Negative where it has risen; 0 where there are fewer than two values.
    """
    losses = finite(losses)
    if len(losses) < 2 or not losses[0]:
        return 0.0
    return float((losses[0] - level(losses)) / abs(losses[0]))


def is_flat(losses, least=0.01):
    """Whether a loss stands where it began.

    It has fallen by less than `least` of its first value, or by less than
    three times its noise without a trend.
    """
    losses = finite(losses)
    if len(losses) < _LEAST:
        return False
    gained = losses[0] - level(losses)
    if gained <= least * abs(losses[0]):
        return True
    return bool(gained <= 3 * noise(losses)) and trend(losses) > -SIGNIFICANT


def falls_too_slowly(losses, most=0.1):
    """Whether a loss falls steadily, and yet by less than `most` in all.

    The second half must have brought a third of the fall or more: a loss
    that fell a little and then stopped does not fall too slowly.
    """
    losses = finite(losses)
    if len(losses) < _LEAST + 1 or trend(losses) > -SIGNIFICANT:
        return False
    gained = losses[0] - losses[-1]
    late = losses[len(losses) // 2] - losses[-1]
    return bool(
        0 < gained < most * abs(losses[0])
        and gained > 3 * noise(losses)
        and late > gained / 3
    )


def still_falls(losses, least=0.1):
    """Whether the second half brought `least` of the whole fall, or more.

    The second half must fall by more than noise does.
    """
    losses = finite(losses)
    half = losses[len(losses) // 2 :]
    if len(half) < _LEAST or trend(half) > -2.0:
        return False
    gained, late = losses[0] - losses[-1], half[0] - half[-1]
    return bool(late > max(least * gained, 3 * noise(losses)) and gained > 0)
