"""How sparsity rises over the updates of a training."""

import dataclasses
import math

import numpy as np

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_number


def cubic(progress):
    """Returns `1 - (1 - p)^3`, the share of the final sparsity at progress p.

    It rises fast at first, where many weights are redundant, and slowly at
    the end.

    Args:
        progress: Float from 0 to 1.

    Reference:

    - [Zhu and Gupta, 2017](https://arxiv.org/abs/1710.01878), equation 1,
      with an initial sparsity of 0

    Example:

    >>> from keras_trainkit.kernels.sparsity.course import cubic
    >>> [cubic(p) for p in (0.0, 0.5, 1.0)]
    [0.0, 0.875, 1.0]
    """
    return 1.0 - (1.0 - progress) ** 3


@dataclasses.dataclass(frozen=True)
class Course:
    """The updates at which weights are pruned, and the sparsity after each.

    They are `start`, each `frequency` updates from there, and `end`, which
    reaches the target; after that each `frequency` updates, with the target.

    Attributes:
        start: Integer of at least 0, counted in updates.
        end: Integer of at least `start`.
        frequency: Integer of at least 1.

    Example:

    >>> from keras_trainkit.kernels.sparsity.course import Course, cubic
    >>> course = Course(start=0, end=25, frequency=10)
    >>> course.events()
    [0, 10, 20, 25]
    >>> course.sparsities(0.5, cubic).round(3).tolist()
    [0.0, 0.392, 0.496, 0.5]
    >>> course.latest(24), course.latest(99)
    (2, 3)
    """

    start: int
    end: int
    frequency: int

    def events(self):
        """Returns the updates, in order, up to the end."""
        return [*range(self.start, self.end, self.frequency), self.end]

    def sparsities(self, target, schedule):
        """Returns the sparsity after each event.

        Args:
            target: Float, the final one.
            schedule: Callable `progress -> share` of the target, both from 0
                to 1.

        Returns:
            Float64 array.

        Raises:
            ValueError: Where the shares are not from 0 to 1, fall, or do not
                end at 1.
            TypeError: Where a share is no number.
        """
        span = max(self.end - self.start, 1)
        progress = [(event - self.start) / span for event in self.events()]
        progress[-1] = 1.0
        shares = [_share(schedule, one) for one in progress]
        if min(np.diff(shares), default=0) < 0 or shares[-1] != 1:
            raise bad_value(
                "schedule",
                schedule,
                "a callable whose values never fall, and reach 1 at 1",
                f"Its values: {shares[:3]} ... {shares[-3:]}.",
            )
        return target * np.array(shares, "float64")

    def latest(self, position):
        """Returns the index of the latest event; -1 before the first one.

        Args:
            position: Integer, the updates made.
        """
        if position < self.start:
            return -1
        if position >= self.end:
            return math.ceil((self.end - self.start) / self.frequency)
        return (position - self.start) // self.frequency


def is_due(position, start, end, frequency):
    """Returns whether weights are pruned after so many updates.

    Args:
        position: Integer, or a tensor, as all of them.
        start: As in `Course`.
        end: As in `Course`.
        frequency: As in `Course`.

    Example:

    >>> from keras_trainkit.kernels.sparsity.course import is_due
    >>> [n for n in range(40) if is_due(n, 5, 18, 10)]
    [5, 15, 18, 25, 35]
    """
    since = position - start
    return (since >= 0) & ((since % frequency == 0) | (position == end))


def _share(schedule, progress):
    share = schedule(progress)
    if getattr(share, "ndim", 0):
        raise bad_type("schedule", share, "a callable that returns a number")
    require_number(
        f"schedule({progress:g})",
        share,
        "from 0 to 1",
        lambda value: 0 <= value <= 1,
    )
    return float(share)


def counts(sparsities, sizes, per_item=1):
    """Returns how many items are pruned at each sparsity.

    To the nearest integer, halves up; of what would be all, one is left.

    Args:
        sparsities: Array of floats.
        sizes: List of integers, how many items there are of each kind.
        per_item: Sparsity where all items are pruned: 0.5 for groups of
            four that lose two. Defaults to `1`.

    Returns:
        int32 array (sparsities, sizes).

    Example:

    >>> from keras_trainkit.kernels.sparsity.course import counts
    >>> counts([0.0, 0.9], [10, 3]).tolist()
    [[0, 0], [9, 2]]
    """
    shares = np.asarray(sparsities, "float64")[:, None] / per_item
    sizes = np.asarray(sizes, "int64")[None]
    most = sizes - 1 if per_item == 1 else sizes
    return np.minimum(np.floor(shares * sizes + 0.5), most).astype("int32")
