"""What shrinking has done to a model."""

import dataclasses
import textwrap

import keras

from keras_trainkit.kernels.declared_types import require_declared_types

_WIDTH = 80


@dataclasses.dataclass(frozen=True)
class SmallerLayer:
    """A layer that has lost units.

    Attributes:
        path: String, the layer's path.
        kind: String, its class.
        before: Integer, its units or filters in the model.
        after: Integer, those that are left.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(8, activation="relu", name="hidden"),
    ...         keras.layers.Dense(2),
    ...     ]
    ... )
    >>> shares = ktk.compression.prune(model, 0.5, structure="filters")
    >>> layer = ktk.compression.shrink(model).removed[0]
    >>> layer.path, layer.before, layer.after
    ('hidden', 8, 4)
    """

    path: str
    kind: str
    before: int
    after: int

    def __post_init__(self):
        require_declared_types(self)


@dataclasses.dataclass(frozen=True, eq=False)
class Shrinking:
    """A model without its dead units, and what became of each.

    `print(shrinking)` shows it as a table.

    Attributes:
        model: The smaller `keras.Model`, not compiled.
        removed: Tuple of `SmallerLayer`s.
        left: Dict `{path: reason}` of the layers with dead units that had to
            stay, and of layers that are left as they are.
        parameters: Tuple of integers, before and after.
        largest_difference: The largest difference between the outputs of the
            new and the given model, relative to the largest absolute value of
            that output; `None` if it was not measured, since no sample was
            given and none could be drawn.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(3, kernel_initializer="zeros", name="zero"),
    ...         keras.layers.Dense(2, name="head"),
    ...     ]
    ... )
    >>> shrinking = ktk.compression.shrink(model)
    >>> shrinking.removed
    (SmallerLayer(path='zero', kind='Dense', before=3, after=1),)
    >>> shrinking.left["zero"]
    '1 of 3 dead: the last unit cannot go'
    """

    model: keras.Model
    removed: tuple
    left: dict
    parameters: tuple
    largest_difference: float | None

    def __post_init__(self):
        require_declared_types(self)

    def __str__(self):
        """Returns the table."""
        return "\n".join([*self._table(), *self._left(), *self._totals()])

    def _table(self):
        if not self.removed:
            return ["No unit could be removed."]
        rows = [("layer", "kind", "before", "after")]
        rows += [
            (one.path, one.kind, str(one.before), str(one.after))
            for one in self.removed
        ]
        columns = zip(*rows, strict=True)
        a, b, c, d = (max(map(len, column)) for column in columns)
        return [
            f"{path:<{a}}  {kind:<{b}}  {before:>{c}}  {after:>{d}}"
            for path, kind, before, after in rows
        ]

    def _left(self):
        for path, why in self.left.items():
            yield from textwrap.wrap(
                f"{path}: left, {why}", _WIDTH, subsequent_indent="    "
            )

    def _totals(self):
        before, after = self.parameters
        measured = self.largest_difference
        said = (
            "not measured: pass a sample"
            if measured is None
            else f"{measured:.2g} of the largest output"
        )
        yield f"{before} parameters, now {after}"
        yield f"largest difference: {said}"
