"""Shampoo's preconditioners of one tensor, kept as one vector.

A tensor of k axes has, for each block of each axis, a symmetric matrix of what
its gradients' products add up to, and the inverse 2k-th root of it. All
matrices of a tensor lie one behind the other in a vector, so that an optimizer
has one variable for them whatever the shape.
"""

import keras
from keras import ops

from keras_trainkit.kernels.axis_blocks import multiplied
from keras_trainkit.kernels.axis_blocks import products
from keras_trainkit.kernels.matrix_roots import inverse_root
from keras_trainkit.kernels.matrix_roots import residual_bound

# A root with a larger residual is not used.
TOLERANCE = 0.1


def size_of(layout):
    """Returns the number of elements of all matrices.

    Args:
        layout: Tuple of `AxisBlocks`, one for each axis.
    """
    return sum(one.count * one.side**2 for one in layout)


def count_of(layout):
    """Returns the number of matrices."""
    return sum(one.count for one in layout)


def order_of(layout):
    """Returns the order of the roots: 2k for k axes.

    Example:

    >>> from keras_trainkit.kernels.axis_blocks import blocks_of
    >>> from keras_trainkit.kernels.preconditioners import order_of
    >>> order_of(blocks_of((3, 3, 64, 128), 128))
    8
    """
    return 2 * len(layout)


def packed_products(gradient, layout):
    """Returns the products of a gradient with itself along each axis.

    Args:
        gradient: Floating-point tensor.
        layout: `blocks_of` its shape.

    Returns:
        A vector of `size_of(layout)` elements.
    """
    return ops.concatenate(
        [ops.reshape(products(gradient, one), (-1,)) for one in layout]
    )


def preconditioned(gradient, roots, layout):
    """Multiplies a gradient by the roots along each of its axes.

    Args:
        gradient: Floating-point tensor.
        roots: Vector of `size_of(layout)` elements.
        layout: `blocks_of` its shape.

    Returns:
        A tensor of its shape.
    """
    for matrices, one in zip(_unpack(roots, layout), layout, strict=True):
        gradient = multiplied(gradient, matrices, one)
    return gradient


def new_roots(entries, epsilon):
    """Returns the inverse roots of what products have added up to.

    For a block L of an axis, where s is the largest Frobenius norm of the
    blocks of that axis and k the number of axes:

    ```
    (L + epsilon s I)^(-1/(2k))
    ```

    A root with a residual above `TOLERANCE` is not used: the old one stays, or
    where there is none the root of the diagonal alone. Without any product
    (`s = 0`) roots are zero.

    Args:
        entries: List of tuples `(statistics, old_roots, layout)`, one for each
            tensor: two vectors of `size_of(layout)` elements, the second zeros
            where there are no roots yet, and its `AxisBlocks`.
        epsilon: Float in (0, 1).

    Returns:
        A list of tuples: the vector of the roots, and a vector with the bound
        of each block's residual, of `count_of(layout)` elements.
    """
    groups, done = {}, {}
    for place, (statistics, old_roots, layout) in enumerate(entries):
        sums = _unpack(statistics, layout)
        olds = _unpack(old_roots, layout)
        for axis, pair in enumerate(zip(sums, olds, strict=True)):
            dtype = keras.backend.standardize_dtype(statistics.dtype)
            kind = (layout[axis].side, order_of(layout), dtype)
            groups.setdefault(kind, []).append(((place, axis), *pair))
    # Blocks of one kind go through the iteration together.
    for (_, order, _), members in groups.items():
        done |= _roots_of_group(members, order, epsilon)
    return [
        tuple(
            ops.concatenate([ops.reshape(one, (-1,)) for one in parts])
            for parts in zip(
                *(done[place, axis] for axis in range(len(layout))),
                strict=True,
            )
        )
        for place, (_, _, layout) in enumerate(entries)
    ]


def _roots_of_group(members, order, epsilon):
    """Returns `{(place, axis): (roots, residuals)}` of blocks of one side."""
    keys, sums, olds = zip(*members, strict=True)
    scale = ops.concatenate([_scale(one) for one in sums])[:, None, None]
    roots, residuals = _roots(
        ops.concatenate(sums), ops.concatenate(olds), scale, order, epsilon
    )
    done, start = {}, 0
    for key, one in zip(keys, sums, strict=True):
        end = start + one.shape[0]
        done[key] = roots[start:end], residuals[start:end]
        start = end
    return done


def _roots(sums, olds, scale, order, epsilon):
    identity = ops.eye(sums.shape[-1], dtype=sums.dtype)
    seen = scale > 0
    safe = ops.where(seen, scale, ops.ones_like(scale))
    a = (sums / safe + epsilon * identity) / (1 + epsilon)
    if sums.shape[-1] == 1:
        x, residuals = a ** (-1.0 / order), 0 * a[:, 0, 0]
    else:
        # Rounding may have made the smallest eigenvalue smaller still.
        x = inverse_root(a, order, epsilon / (1 + epsilon) / 2)
        residuals = residual_bound(a, x, order)
    size = (safe * (1 + epsilon)) ** (-1.0 / order)
    diagonal = ops.diagonal(a, axis1=-2, axis2=-1)
    alone = (diagonal ** (-1.0 / order))[:, :, None] * identity
    instead = ops.where(olds[:, :1, :1] != 0, olds, alone * size)
    # False for a NaN.
    good = residuals[:, None, None] <= TOLERANCE
    roots = ops.where(good, x * size, instead)
    return ops.where(seen, roots, ops.zeros_like(roots)), residuals


def _scale(matrices):
    """Returns the largest Frobenius norm, once for each matrix."""
    # Divided first: squares of small gradients' squares would vanish.
    peak = ops.max(ops.abs(matrices))
    safe = ops.where(peak > 0, peak, ops.ones_like(peak))
    squares = ops.sum(ops.square(matrices / safe), axis=(-2, -1))
    norm = ops.max(ops.sqrt(squares)) * peak
    return ops.zeros_like(squares) + norm


def _unpack(vector, layout):
    tensors, start = [], 0
    for one in layout:
        end = start + one.count * one.side**2
        shape = (one.count, one.side, one.side)
        tensors.append(ops.reshape(vector[start:end], shape))
        start = end
    return tensors
