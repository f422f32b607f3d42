"""Changed inputs whose labels follow from the change; NumPy alone.

What comes of one row stays together, so that the last rows, which `fit` takes
for a validation split, hold every label.
"""

import numpy as np


def squared(x, axes):
    """Returns images with zeros around the shorter side, so as to be square.

    Args:
        x: Array of images.
        axes: The two axes of height and width.
    """
    longest = max(x.shape[axis] for axis in axes)
    around = [(0, 0)] * x.ndim
    for axis in axes:
        missing = longest - x.shape[axis]
        around[axis] = (missing // 2, missing - missing // 2)
    return np.pad(x, around)


def turned(x, turns, axes):
    """Returns each image turned by every number of quarter turns.

    Args:
        x: Array `(n, ...)`; square where a number of turns is odd.
        turns: Sequence of k numbers of quarter turns, counterclockwise.
        axes: The two axes of height and width.

    Returns:
        Arrays of shape `(n * k, ...)` and `(n * k,)`: the label is the place
        in `turns`.
    """
    all_turns = [np.rot90(x, turn, axes) for turn in turns]
    return together(all_turns), labels(len(x), len(turns))


def halves_swapped(x, axis):
    """Returns `x` with its two halves along an axis exchanged.

    An element in the middle stays where it is.
    """
    half = x.shape[axis] // 2
    first, middle, second = np.split(x, [half, x.shape[axis] - half], axis)
    return np.concatenate([second, middle, first], axis)


def half_alone(x, axis, which):
    """Returns `x` with zeros in place of all but one half along an axis.

    Args:
        x: Array.
        axis: Along which there are two halves; what is in the middle belongs
            to neither.
        which: 0 for the first half, 1 for the second.
    """
    size = x.shape[axis]
    half = size // 2
    kept = slice(0, half) if which == 0 else slice(size - half, size)
    index = [slice(None)] * x.ndim
    index[axis] = kept
    alone = np.zeros_like(x)
    alone[tuple(index)] = x[tuple(index)]
    return alone


def partners(rows, generator):
    """Returns for each of `rows` rows another one, each once.

    Args:
        rows: Integer, 2 at least.
        generator: A `numpy.random.Generator`.
    """
    order = generator.permutation(rows)
    found = np.empty(rows, int)
    found[order] = np.roll(order, 1)
    return found


def together(versions):
    """Stacks several versions of the same rows, those of a row in sequence."""
    stacked = np.stack(versions, axis=1)
    return stacked.reshape(-1, *stacked.shape[2:])


def labels(rows, kinds):
    """Returns the labels of what `together` returns, `0, 1, ..., 0, 1, ...`."""
    return np.tile(np.arange(kinds), rows)
