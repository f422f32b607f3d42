"""Where a learning-rate search diverges."""

import math
from typing import NamedTuple

# An average over fewer losses than this says nothing about divergence yet.
_WARM_UP = 10


class Watch(NamedTuple):
    """What has to be known of the losses so far to notice divergence."""

    count: int = 0
    mean: float = 0.0
    first: float = 0.0
    best: float = 0.0


def watch(seen, loss, smoothing, threshold):
    """Returns the next `Watch`, or `None` when this loss means divergence.

    A loss diverges when it is not finite, or when its average with bias
    correction is above its own first value and above its best by more than
    `threshold - 1` times the size of the best; for positive losses that is
    `threshold` times the best. With `None` only the first counts.
    """
    if not math.isfinite(loss):
        return None
    count = seen.count + 1
    mean = smoothing * seen.mean + (1 - smoothing) * loss
    smoothed = mean / (1 - smoothing**count)
    if count <= _WARM_UP:
        return Watch(count, mean, smoothed, smoothed)
    if threshold is not None:
        limit = seen.best + (threshold - 1) * abs(seen.best)
        if smoothed > max(seen.first, limit):
            return None
    return Watch(count, mean, seen.first, min(seen.best, smoothed))


def finite_part(losses, smoothing, threshold):
    """Returns how many losses there are before the divergence."""
    seen = Watch()
    for i, loss in enumerate(losses):
        seen = watch(seen, loss, smoothing, threshold)
        if seen is None:
            return i
    return len(losses)
