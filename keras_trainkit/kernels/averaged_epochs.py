"""At the ends of which epochs an average takes the weights up."""

import dataclasses

from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import is_integer


@dataclasses.dataclass(frozen=True)
class AveragedEpochs:
    """Every `every`-th epoch from `begin` on, at its end.

    Attributes:
        begin: Integer, the first epoch that counts, from 0.
        every: Integer above 0, epochs from one summand to the next.
    """

    begin: int
    every: int

    @property
    def first(self):
        """The epoch at whose end the first summand is taken."""
        return self.begin + self.every - 1

    def has(self, epoch):
        """Whether a summand is taken at the end of `epoch`."""
        return self.before(epoch + 1) > self.before(epoch)

    def before(self, epoch):
        """Returns how many summands are taken before `epoch` begins."""
        return max(epoch - self.begin, 0) // self.every


def averaged_epochs(start, every, epochs):
    """Returns the `AveragedEpochs` of a training.

    Args:
        start: Integer, the first epoch that counts; or float from 0 to below
            1, the share of the epochs before it.
        every: Integer above 0.
        epochs: Integer, up to which epoch is trained, or `None` where nobody
            knows.

    Raises:
        ValueError: Where a share is of an unknown number, or no summand would
            be taken.
    """
    if epochs is None and not is_integer(start):
        raise bad_value(
            "start",
            start,
            "an integer where the callbacks are not told how many epochs "
            "there are",
        )
    begin = start if is_integer(start) else int(start * epochs)
    found = AveragedEpochs(begin, every)
    if epochs is not None and found.first >= epochs:
        raise bad_value(
            "start, every",
            (start, every),
            f"such that an average is taken within {epochs} epochs",
            f"The first one would be at the end of epoch {found.first}, "
            "counted from 0.",
        )
    return found
