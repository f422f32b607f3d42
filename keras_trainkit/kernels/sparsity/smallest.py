"""The k smallest magnitudes of a tensor, exactly k, without sorting.

Sorting a million numbers takes XLA half a second on a processor. The bits of
floats that are not negative order like the floats, so the k-th smallest is
found by halving: 31 times it is counted how many lie below a candidate.
"""

from keras import ops

_HALF = 2**30
_LARGEST = 2**31 - 2


def keys_of(magnitudes, first=None):
    """Returns integers that order like magnitudes; NaN comes last.

    Args:
        magnitudes: Tensor of floats; signs are ignored. They are compared in
            float32.
        first: Tensor of Booleans of the same shape: these come before all
            others, zeros included. Defaults to `None`: none.

    Returns:
        A tensor of int32, at least 0.

    Example:

    >>> from keras_trainkit.kernels.sparsity.smallest import keys_of
    >>> keys = keras.ops.convert_to_numpy(keys_of(np.array([-2.0, 0.0, 1.0])))
    >>> [int(place) for place in np.argsort(keys)]
    [1, 2, 0]
    """
    held = ops.stop_gradient(ops.convert_to_tensor(magnitudes))
    wide = ops.cast(ops.abs(held), "float32")
    keys = ops.minimum(ops.view(wide, "int32"), _LARGEST) + 1
    return keys if first is None else ops.where(first, 0, keys)


def smallest(keys, count):
    """Marks the `count` smallest keys; of equal ones the first by place.

    Args:
        keys: Vector of int32, at least 0.
        count: Integer or int32 scalar, from 0 to the number of keys.

    Returns:
        A vector of Booleans, exactly `count` of them true.

    Example:

    >>> from keras_trainkit.kernels.sparsity.smallest import smallest
    >>> marked = smallest(keras.ops.convert_to_tensor([5, 1, 5, 7]), 2)
    >>> [bool(one) for one in keras.ops.convert_to_numpy(marked)]
    [True, True, False, False]
    """
    count = ops.cast(count, "int32")
    edge = _kth(keys, count, _HALF)
    below = keys < edge
    left = count - _number_of(below)
    tied = keys == edge
    # Mostly the edge is one key alone, and there is nothing to choose.
    chosen = ops.cond(
        _number_of(tied) == left,
        lambda: tied,
        lambda: _first(tied, left),
    )
    return ops.logical_or(below, chosen)


def _first(tied, count):
    """Returns the first `count` of those that are marked."""
    size = tied.shape[0]
    places = ops.where(tied, ops.arange(size, dtype="int32"), size)
    # The same search, among their places.
    last = _kth(places, count, 1 << max(size.bit_length() - 1, 0))
    within = ops.logical_and(places <= last, count > 0)
    return ops.logical_and(tied, within)


def _kth(keys, count, half):
    """Returns the largest number with fewer than `count` keys below it.

    That is the `count`-th smallest key; 0 where `count` is 0.
    """

    def halve(i, carry):
        found, step = carry
        candidate = found + step
        few = _number_of(keys < candidate) < count
        return ops.where(few, candidate, found), step // 2

    start = (ops.zeros((), "int32"), ops.cast(half, "int32"))
    found, _ = ops.fori_loop(0, half.bit_length(), halve, start)
    return found


def _number_of(marked):
    return ops.sum(ops.cast(marked, "int32"))
