"""Which places of an input are hidden, from given random numbers."""

from keras import ops


def patches_along(size, patch):
    """Returns how many patches cover an axis; the last one may reach over."""
    return -(-size // patch)


def how_many(units, rate):
    """Returns how many of `units` are hidden: one at least, not all.

    Example:

    >>> from keras_trainkit.kernels.hidden_places import how_many
    >>> how_many(16, 0.75), how_many(16, 0.01), how_many(16, 0.99)
    (12, 1, 15)
    """
    return min(max(round(rate * units), 1), units - 1)


def chosen(noise, count):
    """Returns 1 where a row's `count` smallest numbers are, 0 elsewhere.

    Args:
        noise: Tensor of shape `(rows, units)`, independent numbers of one
            continuous distribution: each choice is as likely.
        count: How many to choose in each row, exactly.

    Returns:
        Tensor of the same shape, of float32.
    """
    ranks = ops.argsort(ops.argsort(noise, axis=1), axis=1)
    return ops.cast(ranks < count, "float32")


def over_patches(of_patches, patch, sizes):
    """Spreads what is known of patches over the places in them.

    Args:
        of_patches: Tensor of shape `(rows, patches, ...)`, one axis for each
            of `sizes`.
        patch: Tuple, how long a patch is along each axis.
        sizes: Tuple, how many places each axis has.

    Returns:
        Tensor of shape `(rows, *sizes)`.
    """
    places = of_patches
    for axis, length in enumerate(patch, start=1):
        if length > 1:
            places = ops.repeat(places, length, axis=axis)
    within = tuple(slice(0, size) for size in sizes)
    return places[(slice(None), *within)]


def hidden(values, places, value):
    """Returns `values` with `value` in the places that are 1."""
    value = ops.cast(value, values.dtype)
    return ops.where(ops.cast(places, "bool"), value, values)


def shared_out(places):
    """Returns weights with mean 1 that are 0 where nothing was hidden.

    The mean over all places, with these weights, is the mean over the hidden
    ones.
    """
    places = ops.cast(places, "float32")
    return places / ops.mean(places)
