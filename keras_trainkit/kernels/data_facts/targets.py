"""What targets look like: classes, in which coding, or measured values."""

import dataclasses

import numpy as np

# More distinct numbers than this are counts, not classes, in a small sample.
_FEW = 20


@dataclasses.dataclass(frozen=True)
class TargetFacts:
    """What the targets of one output are.

    Attributes:
        kind: `"text"`; `"one_hot"`, `"multi_hot"` or `"distribution"` where
            the last axis runs over classes; `"binary"` (0 and 1), `"signed"`
            (-1 and 1), `"classes"` (0, 1, 2, ... without a gap),
            `"classes_from_one"`; `"integers"`, `"unit"` (from 0 to 1) or
            `"real"` otherwise. `"unknown"` without a finite value.
        shape: Shape of one row.
        classes: Tuple of the classes: labels, or places of the last axis.
            Empty for anything else.
        counts: Tuple, how often each of them occurs.
        lowest: The smallest finite value.
        highest: The largest finite value.
        mean: The mean of the finite values.
        deviation: Their standard deviation.
    """

    kind: str
    shape: tuple
    classes: tuple = ()
    counts: tuple = ()
    lowest: float = float("nan")
    highest: float = float("nan")
    mean: float = float("nan")
    deviation: float = float("nan")

    @property
    def exclusive(self):
        """Whether each row belongs to one of several classes."""
        return self.kind in (
            "one_hot",
            "binary",
            "signed",
            "classes",
            "classes_from_one",
        )

    @property
    def constant(self):
        """Whether all rows have the same target."""
        if self.kind in ("one_hot", "text"):
            return sum(count > 0 for count in self.counts) == 1
        return self.lowest == self.highest

    @property
    def largest_share(self):
        """The share of the commonest class, NaN without classes."""
        total = sum(self.counts)
        return max(self.counts) / total if total else float("nan")


def target_facts(y, class_axis=None, numbered=False):
    """Returns what targets look like.

    Args:
        y: Array, the first axis over rows.
        class_axis: Whether the last axis runs over classes. Defaults to
            `None`: if there are two or more axes and it is longer than one.
        numbered: Whether whole numbers are known to name classes, even where
            some do not occur. Defaults to `False`.

    Returns:
        A `TargetFacts`.
    """
    y = np.asarray(y)
    row = y.shape[1:]
    if y.dtype.kind not in "biuf":
        values, counts = np.unique(y.astype(str), return_counts=True)
        return TargetFacts("text", row, tuple(values), tuple(counts.tolist()))
    y = y.astype("float64")
    finite = y[np.isfinite(y)]
    if not finite.size:
        return TargetFacts("unknown", row)
    if class_axis is None:
        class_axis = y.ndim > 1
    vectors = class_axis and y.ndim > 1 and row[-1] > 1
    kind = _vector_kind(y) if vectors else None
    classes, counts = (), ()
    if kind in ("one_hot", "multi_hot"):
        classes = tuple(range(row[-1]))
        counts = tuple(
            np.nansum(y.reshape(-1, row[-1]), 0).astype(int).tolist()
        )
    elif kind is None:
        kind, classes, counts = _scalar_kind(finite, numbered)
    return TargetFacts(
        kind,
        row,
        classes,
        counts,
        float(finite.min()),
        float(finite.max()),
        float(finite.mean()),
        float(finite.std()),
    )


def _vector_kind(y):
    rows = y[np.isfinite(y).all(-1)]
    if ((rows == 0) | (rows == 1)).all():
        one_each = (rows.sum(-1) == 1).all()
        return "one_hot" if one_each else "multi_hot"
    within = ((rows >= 0) & (rows <= 1)).all()
    if within and np.allclose(rows.sum(-1), 1, atol=1e-4):
        return "distribution"
    return "unit" if within else "real"


def _scalar_kind(values, numbered):
    if (values != np.round(values)).any():
        within = values.min() >= 0 and values.max() <= 1
        return ("unit" if within else "real"), (), ()
    labels, counts = np.unique(values, return_counts=True)
    found = tuple(labels.astype(int).tolist()), tuple(counts.tolist())
    if set(found[0]) <= {0, 1}:
        return "binary", *found
    if set(found[0]) == {-1, 1}:
        return "signed", *found
    if numbered and labels[0] >= 0:
        return ("classes_from_one" if labels[0] == 1 else "classes"), *found
    without_gap = labels[-1] - labels[0] + 1 == len(labels)
    repeated = len(labels) <= max(2, min(_FEW, len(values) // 3))
    many_each = len(labels) <= min(1000, len(values) // 10)
    if without_gap and (repeated or many_each) and labels[0] in (0, 1):
        from_one = labels[0] == 1
        return ("classes_from_one" if from_one else "classes"), *found
    return "integers", (), ()
