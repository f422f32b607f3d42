"""The units of a tensor, and which of them can only go together."""

import dataclasses

import numpy as np


@dataclasses.dataclass(eq=False)
class Units:
    """The units of a tensor: what lies along one of its axes.

    Attributes:
        axis: Integer, the axis; the batch's is 0.
        labels: Integer array, one label for each unit; see `Ties`. A unit
            before `Flatten` is several behind it, with one label.
        constants: Array of float64, one for each unit: its value, where it is
            the same for every input and at every place; else NaN.
    """

    axis: int
    labels: np.ndarray
    constants: np.ndarray

    @property
    def count(self):
        """How many there are."""
        return len(self.labels)

    @property
    def known(self):
        """Booleans: which are constant."""
        return ~np.isnan(self.constants)


def unknown(count):
    """Returns the constants of `count` units of which none is constant."""
    return np.full(count, np.nan)


class Ties:
    """Labels of units; units with one label stay, or go, together.

    Attributes:
        pins: `{label: reason}` of units that have to stay.
        tied_by: `{label: name}` of the layers that tied labels.
    """

    def __init__(self):
        """Starts without labels."""
        self._parents = []
        self.pins, self.tied_by = {}, {}

    def fresh(self, count):
        """Returns `count` new labels."""
        start = len(self._parents)
        self._parents += range(start, start + count)
        return np.arange(start, start + count)

    def tie(self, first, second, name=None):
        """Makes labels stand for the same, one by one.

        Args:
            first: Integer array of labels.
            second: Another of its length.
            name: The layer that ties them. Defaults to `None`: not told.
        """
        for one, other in zip(first, second, strict=True):
            a, b = self._root(one), self._root(other)
            self._parents[b] = a
            if name is not None and a != b:
                self.tied_by[a] = name

    def pin(self, labels, reason):
        """Notes that units have to stay, unless another reason is noted."""
        for label in labels:
            self.pins.setdefault(int(label), reason)

    def roots(self, labels):
        """Returns one label for each, equal where they stand for the same."""
        return np.array([self._root(one) for one in labels], int)

    def at_roots(self, noted):
        """Returns `{label: text}` with the labels that `roots` gives."""
        found = {}
        for label, text in noted.items():
            found.setdefault(self._root(label), text)
        return found

    def _root(self, label):
        parents, label = self._parents, int(label)
        while parents[label] != label:
            parents[label] = parents[parents[label]]
            label = parents[label]
        return label
