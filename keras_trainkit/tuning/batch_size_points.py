"""What was measured at each batch size, and which of them are good."""

import dataclasses

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import require_sequence
from keras_trainkit.kernels.argument_checks import require_string
from keras_trainkit.kernels.score_noise import gain
from keras_trainkit.kernels.score_noise import summary
from keras_trainkit.plots.batch_size_curve import plot_batch_size_curve


@dataclasses.dataclass(frozen=True)
class BatchSizePoint:
    """What was measured at one batch size.

    Attributes:
        batch_size: Integer.
        learning_rate: Float, or `None`: the model's own.
        rows_per_second: Float, the median over the repeats.
        steps: Float, the median number of updates in the time.
        losses: Tuple of floats, one for each repeat; empty where it does not
            fit into memory.
    """

    batch_size: int
    learning_rate: float | None
    rows_per_second: float
    steps: float
    losses: tuple

    @property
    def fits(self):
        """Whether it fits into memory."""
        return bool(self.losses)

    @property
    def mean(self):
        """The mean of the losses."""
        return summary(self.losses)[0]

    @property
    def standard_error(self):
        """The standard error of the mean."""
        return summary(self.losses)[2]


class BatchSizeCurve:
    """Losses and throughput over batch sizes; printed, a table.

    Args:
        points: List of `BatchSizePoint`s.
        label: String, what the losses are.

    Raises:
        TypeError: For arguments of another type.

    Attributes:
        points: As passed, each with `batch_size`, `learning_rate`,
            `rows_per_second`, `steps`, `losses`, `mean`, `standard_error`,
            `fits`.
        best: The point of the lowest mean loss.
        as_good: List of the points whose loss is higher than that by no more
            than noise, twice the standard error of the difference.

    Example:

    >>> from keras_trainkit.tuning.batch_size_points import BatchSizePoint
    >>> curve = ktk.tuning.BatchSizeCurve(
    ...     [
    ...         BatchSizePoint(32, 0.1, 900.0, 28, (0.5, 0.52)),
    ...         BatchSizePoint(64, 0.2, 1600.0, 25, (0.4, 0.42)),
    ...     ],
    ...     "loss",
    ... )
    >>> curve.best.batch_size
    64
    """

    def __init__(self, points, label):
        require_string("label", label)
        require_sequence("points", points, "a list of `BatchSizePoint`s")
        for point in points:
            if not isinstance(point, BatchSizePoint):
                raise bad_type("points", point, "`BatchSizePoint`s")
        self.points, self._label = list(points), label
        fits = [one for one in self.points if one.mean == one.mean]
        self.best = min(fits, key=lambda one: one.mean) if fits else None
        self.as_good = [one for one in fits if _is_as_good(one, self.best)]

    def __str__(self):
        head = ("batch size", "rate", self._label, "std error", "samples/s")
        lines = [head, *map(_cells, self.points)]
        table = ["".join(f"{cell:>12}" for cell in line) for line in lines]
        if self.best is not None:
            good = ", ".join(str(one.batch_size) for one in self.as_good)
            table.append(
                f"Lowest loss at {self.best.batch_size}; within the noise of "
                f"it: {good}."
            )
        return "\n".join(table)

    def __repr__(self):
        sizes = [one.batch_size for one in self.points]
        best = self.best and self.best.batch_size
        return f"<{type(self).__name__}: {sizes}, lowest loss at {best}>"

    def plot(self, ax=None):
        """Draws both over the batch size; needs matplotlib.

        Args:
            ax: The matplotlib `Axes` to draw into. Defaults to `None`: those
                of a new figure.

        Returns:
            The `Axes` of the losses.
        """
        fits = [one for one in self.points if one.fits]
        return plot_batch_size_curve(
            [one.batch_size for one in fits],
            [one.mean for one in fits],
            [one.standard_error for one in fits],
            [one.rows_per_second for one in fits],
            self._label,
            ax,
        )


def _is_as_good(point, best):
    if point is best:
        return True
    worse, noise = gain(best.losses, point.losses, upwards=False)
    return worse <= noise


def _cells(point):
    if not point.fits:
        return str(point.batch_size), "-", "no memory", "-", "-"
    rate, error = point.learning_rate, point.standard_error
    return (
        str(point.batch_size),
        "-" if rate is None else f"{rate:.3g}",
        f"{point.mean:.4g}",
        "-" if error != error else f"{error:.2g}",
        f"{point.rows_per_second:.0f}",
    )
