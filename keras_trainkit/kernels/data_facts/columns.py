"""What the inputs look like: how large their features are, and what kind."""

import dataclasses

import numpy as np

# A picture of bytes fills most of its range; a table of small counts does not.
_BYTES = 255
_BRIGHT = 120
_MANY_COLUMNS = 64
_TOKENS = 8


@dataclasses.dataclass(frozen=True)
class ColumnFacts:
    """What the features of one input are.

    A feature is a place of the last axis. Values that are not finite are left
    out.

    Attributes:
        shape: Shape of one row.
        lowest: Array, the smallest value of each feature.
        highest: Array, the largest.
        mean: Array, their means.
        deviation: Array, their standard deviations.
        integral: Array of Booleans: features of whole numbers only.
        pixels: Whether these are pictures of bytes, from 0 to 255.
        tokens: Whether these are sequences of whole numbers that name
            something, such as words.
    """

    shape: tuple
    lowest: np.ndarray
    highest: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    integral: np.ndarray
    pixels: bool
    tokens: bool

    @property
    def size(self):
        """Array, the root mean square of each feature."""
        return np.sqrt(self.mean**2 + self.deviation**2)

    @property
    def constant(self):
        """Array of Booleans: features that are the same in every row."""
        return self.lowest == self.highest


def column_facts(x, scale=1.0, offset=0.0):
    """Returns what inputs look like.

    Args:
        x: Array of numbers, the first axis over rows.
        scale: What the model itself multiplies them by first. Defaults to 1.
        offset: What it adds then. Defaults to 0.

    Returns:
        A `ColumnFacts`, or `None` where nothing is finite.
    """
    raw = np.asarray(x)
    flat = raw.reshape(-1, raw.shape[-1]) if raw.ndim > 1 else raw[:, None]
    flat = flat.astype("float64")
    finite = np.isfinite(flat)
    known = finite.any(0)
    if not known.any():
        return None
    # A feature without a value is one that is always 0.
    counted = np.where(finite, flat, 0.0)
    count = np.maximum(finite.sum(0), 1)
    mean = counted.sum(0) / count
    centred = np.where(finite, flat - mean, 0.0)
    lowest = np.where(known, np.where(finite, flat, np.inf).min(0), 0.0)
    highest = np.where(known, np.where(finite, flat, -np.inf).max(0), 0.0)
    integral = (counted == np.round(counted)).all(0)
    return ColumnFacts(
        raw.shape[1:],
        np.minimum(lowest * scale, highest * scale) + offset,
        np.maximum(lowest * scale, highest * scale) + offset,
        mean * scale + offset,
        np.sqrt((centred**2).sum(0) / count) * abs(scale),
        integral,
        scale == 1.0 and _are_pixels(raw.shape[1:], lowest, highest),
        scale == 1.0 and _are_tokens(raw.shape[1:], lowest, highest, integral),
    )


def _are_pixels(row, lowest, highest):
    many = int(np.prod(row)) >= _MANY_COLUMNS
    within = lowest.min() >= 0 and _BRIGHT < highest.max() <= _BYTES
    return bool(many and within)


def _are_tokens(row, lowest, highest, integral):
    """Whether whole numbers of one wide range stand in every place."""
    if len(row) != 1 or row[0] < _TOKENS or not integral.all():
        return False
    alike = np.median(highest) > 0.2 * highest.max()
    return bool(lowest.min() >= 0 and highest.max() > _BYTES and alike)


def size_fault(facts):
    """Returns what is wrong with the size of the features, or `None`.

    Args:
        facts: A `ColumnFacts`.

    Returns:
        `"pixels"` (bytes), `"unlike"` (some features are far larger than
        others), `"large"`, `"small"`, or `None`.
    """
    if facts.pixels:
        return "pixels"
    size = facts.size[~facts.constant]
    if not size.size:
        return None
    if size.max() > 30:
        typical = np.median(size)
        return "unlike" if size.max() > 20 * max(typical, 0.05) else "large"
    return "small" if 0 < facts.size.max() < 0.01 else None
