"""Which weights of kernels are pruned, given how many, for each structure.

Every function takes the weights of kernels, what is pruned in them already,
and counts, and returns Booleans, true where a weight is pruned. What is
pruned stays so. Of equal magnitudes the first ones go first.
"""

import math

from keras import ops

from keras_trainkit.kernels.sparsity.smallest import keys_of
from keras_trainkit.kernels.sparsity.smallest import smallest


def scattered(weight, pruned, count):
    """Prunes the `count` smallest weights of one kernel.

    Args:
        weight: Tensor of floats.
        pruned: Tensor of Booleans of its shape.
        count: Integer or int32 scalar. If more are pruned already, these are.

    Returns:
        A tensor of Booleans of the shape of `weight`.

    Example:

    >>> from keras_trainkit.kernels.sparsity.structures import scattered
    >>> w = np.array([[3.0, -1.0], [0.5, 2.0]], "float32")
    >>> pruned = scattered(w, np.zeros((2, 2), bool), 2)
    >>> keras.ops.convert_to_numpy(pruned).tolist()
    [[False, True], [True, False]]
    """
    return over_all([weight], [pruned], count)[0]


def over_all(weights, pruned, count):
    """Prunes the `count` smallest weights of several kernels together.

    Args:
        weights: List of tensors of floats.
        pruned: List of tensors of Booleans of their shapes.
        count: Integer or int32 scalar.

    Returns:
        List of tensors of Booleans.

    Example:

    >>> from keras_trainkit.kernels.sparsity.structures import over_all
    >>> w = [np.array([3.0, 1.0], "float32"), np.array([0.5, 2.0], "float32")]
    >>> pruned = over_all(w, [np.zeros(2, bool), np.zeros(2, bool)], 2)
    >>> [keras.ops.convert_to_numpy(one).tolist() for one in pruned]
    [[False, True], [True, False]]
    """
    keys = [
        ops.reshape(keys_of(weight, before), (-1,))
        for weight, before in zip(weights, pruned, strict=True)
    ]
    sizes = [math.prod(weight.shape) for weight in weights]
    marked = _smallest_or_first(ops.concatenate(keys), count)
    found, start = [], 0
    for weight, size in zip(weights, sizes, strict=True):
        part = marked[start : start + size]
        found.append(ops.reshape(part, weight.shape))
        start += size
    return found


def two_of_four(weight, pruned, count, incoming):
    """Prunes the two smaller weights of `count` groups of four.

    The groups are four successive weights of a unit along the last of the
    axes that the layer sums over. Those groups go first that lose least, by
    the sum of what they lose.

    Args:
        weight: Tensor of floats.
        pruned: Tensor of Booleans of its shape.
        count: Integer or int32 scalar, how many groups.
        incoming: Tuple of the axes that are summed over; the size of the last
            one is divisible by 4.

    Returns:
        A tensor of Booleans of the shape of `weight`.

    Example:

    >>> from keras_trainkit.kernels.sparsity.structures import two_of_four
    >>> w = np.array([[3.0], [-1.0], [0.5], [2.0]], "float32")
    >>> pruned = two_of_four(w, np.zeros((4, 1), bool), 1, (0,))
    >>> keras.ops.convert_to_numpy(pruned).ravel().tolist()
    [False, True, True, False]
    """
    order = [axis for axis in range(len(weight.shape)) if axis not in incoming]
    order += list(incoming)
    moved = [weight.shape[axis] for axis in order]
    weight, before = (
        ops.reshape(ops.transpose(one, order), (-1, 4))
        for one in (ops.stop_gradient(ops.convert_to_tensor(weight)), pruned)
    )
    lost = _ranks(keys_of(weight, before)) < 2
    magnitude = ops.cast(ops.abs(weight), "float32")
    losses = ops.sum(ops.where(lost, magnitude, 0.0), axis=1)
    done = ops.all(ops.equal(lost, before), axis=1)
    groups = _smallest_or_first(keys_of(losses, done), count)
    chosen = ops.logical_and(lost, ops.expand_dims(groups, 1))
    found = ops.reshape(ops.logical_or(before, chosen), moved)
    back = [order.index(axis) for axis in range(len(order))]
    return ops.transpose(found, back)


def whole_units(weight, pruned, count, incoming):
    """Prunes the `count` units whose incoming weights have the least l2 norm.

    Args:
        weight: Tensor of floats.
        pruned: Tensor of Booleans of its shape.
        count: Integer or int32 scalar, how many units.
        incoming: Tuple of the axes along which the weights of a unit lie.

    Returns:
        A tensor of Booleans of the shape of the units: that of `weight`
        without the axes `incoming`.

    Example:

    >>> from keras_trainkit.kernels.sparsity.structures import whole_units
    >>> w = np.array([[3.0, 1.0], [-4.0, 1.0]], "float32")
    >>> dead = whole_units(w, np.zeros((2, 2), bool), 1, (0,))
    >>> keras.ops.convert_to_numpy(dead).tolist()
    [False, True]
    """
    held = ops.stop_gradient(ops.convert_to_tensor(weight))
    wide = ops.cast(held, "float32")
    norms = ops.sqrt(ops.sum(ops.square(wide), axis=incoming))
    # Not `all`: on torch Keras 3.13 takes wrong axes of several.
    alive = ops.cast(ops.logical_not(pruned), "int32")
    dead = ops.sum(alive, axis=incoming) == 0
    keys = ops.reshape(keys_of(norms, dead), (-1,))
    return ops.reshape(_smallest_or_first(keys, count), norms.shape)


def _smallest_or_first(keys, count):
    """Marks the smallest keys, and in any case all that are 0."""
    already = ops.sum(ops.cast(keys == 0, "int32"))
    return smallest(keys, ops.maximum(ops.cast(count, "int32"), already))


def _ranks(keys):
    """Returns the rank of each key in its row of four; none are equal."""
    one, other = ops.expand_dims(keys, 2), ops.expand_dims(keys, 1)
    places = ops.arange(4)
    earlier = ops.expand_dims(places, 1) > ops.expand_dims(places, 0)
    ahead = ops.logical_or(other < one, ops.logical_and(other == one, earlier))
    return ops.sum(ops.cast(ahead, "int32"), axis=2)
