"""What folding returns."""

import dataclasses
import textwrap

import keras

from keras_trainkit.kernels.declared_types import require_declared_types

_WIDTH = 80


@dataclasses.dataclass(frozen=True)
class Folding:
    """A model without the BatchNormalization that could be folded away.

    `fold` returns it. `print` shows it as a table.

    Attributes:
        model: The new `keras.Model`, for inference.
        folded: Dict from the path of each BatchNormalization that is gone to
            the tuple of the paths of the layers that now do its work.
        left: Dict from the path of each that is still there to the reason.
        largest_difference: The largest difference between the outputs of the
            new and the given model, relative to the largest absolute value of
            that output; `None` if it was not measured, since no sample was
            given and none could be drawn.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((8, 8, 3)),
    ...         keras.layers.Conv2D(4, 3, name="conv"),
    ...         keras.layers.BatchNormalization(name="norm"),
    ...     ]
    ... )
    >>> folding = ktk.batch_norm.fold(model)
    >>> folding.folded, folding.left
    ({'norm': ('conv',)}, {})
    """

    model: keras.Model
    folded: dict
    left: dict
    largest_difference: float | None

    def __post_init__(self):
        require_declared_types(self)

    def __str__(self):
        """Returns the table."""
        rows = [
            (path, "folded into", ", ".join(into))
            for path, into in self.folded.items()
        ]
        rows += [(path, "left", why) for path, why in self.left.items()]
        widths = [max(len(row[n]) for row in rows) for n in (0, 1)]
        lines = [line for row in rows for line in _wrapped(row, widths)]
        count = len(self.folded)
        measured = self.largest_difference
        last = (
            "not measured: pass a sample"
            if measured is None
            else f"{measured:.2g} of the largest output"
        )
        return "\n".join(
            [
                f"{count} of {len(rows)} BatchNormalization folded",
                *lines,
                f"largest difference: {last}",
            ]
        )


def _wrapped(row, widths):
    path, what, text = row
    first = f"  {path:<{widths[0]}}  {what:<{widths[1]}}  "
    rest = textwrap.wrap(text, max(_WIDTH - len(first), 30)) or [""]
    yield first + rest[0]
    yield from (" " * len(first) + line for line in rest[1:])
