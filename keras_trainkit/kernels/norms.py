"""Projections of weight tensors: which axes are a unit's, and the formulas."""

from keras import ops

from keras_trainkit.kernels.argument_checks import bad_value

# For each layout: its shape, and how many axes lead to the unit's own.
_LAYOUTS = {
    "standard": ("(..., in, out)", 2),
    "transposed": ("(..., out, in)", 2),
    "depthwise": ("(..., in, multiplier)", 3),
}

LAYOUTS = tuple(_LAYOUTS)


def incoming_axes(layout, rank):
    """Returns the axes over which one unit's incoming weights lie.

    Args:
        layout: `"standard"` for kernels of shape `(..., in, out)`,
            `"transposed"` for `(..., out, in)`, `"depthwise"` for
            `(..., in, multiplier)`, where each input channel has units of
            its own and only the axes of space are summed over.
        rank: Number of axes of the kernel.

    Returns:
        A tuple of non-negative axes.

    Raises:
        ValueError: If a kernel of that layout has more axes than `rank`.

    Example:

    >>> ktk.kernels.norms.incoming_axes("standard", 4)
    (0, 1, 2)
    >>> ktk.kernels.norms.incoming_axes("transposed", 4)
    (0, 1, 3)
    >>> ktk.kernels.norms.incoming_axes("depthwise", 4)
    (0, 1)
    """
    shape, least = _LAYOUTS[layout]
    if rank < least:
        raise bad_value(
            "rank of the weight",
            rank,
            f"at least {least}: a {layout} kernel has shape {shape}",
            "Constrain kernels only; a bias has no incoming vector.",
        )
    if layout == "standard":
        return tuple(range(rank - 1))
    if layout == "transposed":
        return tuple(range(rank - 2)) + (rank - 1,)
    return tuple(range(rank - 2))


def einsum_axes(equation):
    """Returns the kernel's axes that an einsum layer sums over.

    The other axes of the kernel appear in the output and so number the units.

    Args:
        equation: As `keras.layers.EinsumDense` takes it, kernel second.

    Returns:
        A tuple of non-negative axes; empty where nothing is summed over.

    Example:

    >>> ktk.kernels.norms.einsum_axes("...x,xy->...y")
    (0,)
    >>> ktk.kernels.norms.einsum_axes("bquh,uhm->bqm")
    (0, 1)
    """
    operands, output = equation.replace(" ", "").split("->")
    kernel = operands.split(",")[1]
    return tuple(i for i, axis in enumerate(kernel) if axis not in output)


def axes_of(w, axes, name):
    """Returns `axes`, counted from the front, after a check that `w` has them.

    Args:
        w: Tensor or variable.
        axes: Tuple of integers; negative ones count from the end.
        name: The argument that named them, for the error.

    Returns:
        A tuple of non-negative axes.

    Raises:
        ValueError: If `w` does not have one of the axes.

    Example:

    >>> ktk.kernels.norms.axes_of(np.ones((2, 3)), (-1,), "axis")
    (1,)
    """
    rank = len(w.shape)
    if any(not -rank <= axis < rank for axis in axes):
        raise bad_value(
            name, axes, f"axes of the weight, which has shape {tuple(w.shape)}"
        )
    return tuple(int(axis) % rank for axis in axes)


def max_norm(w, max_value, axes):
    """Scales back those vectors of `w` whose l2 norm is above `max_value`.

    `v * max_value / ||v||` where `||v|| > max_value`, else `v` bit by bit.
    The norm is taken of `v / max|v|`, in float32 for narrower dtypes, so it
    neither overflows nor underflows while the weights themselves do not. A
    vector with a NaN or an infinity is returned as it is.

    Args:
        w: Floating-point tensor.
        max_value: Positive float, the radius of the ball.
        axes: Tuple of the axes along which a vector lies. Empty: each
            element is a vector of its own.

    Returns:
        A tensor of `w`'s shape and dtype.

    Example:

    >>> w = ktk.kernels.norms.max_norm(np.array([3.0, 4.0]), 1.0, (0,))
    >>> [round(float(v), 4) for v in w]
    [0.6, 0.8]
    """
    if not axes:
        # torch takes an empty tuple of axes for all of them.
        column = max_norm(ops.expand_dims(w, -1), max_value, (-1,))
        return ops.squeeze(column, -1)
    w = ops.convert_to_tensor(w)
    wide = _widened(w)
    peak = ops.max(ops.abs(wide), axis=axes, keepdims=True)
    peak = ops.where(peak > 0, peak, ops.ones_like(peak))
    direction = wide / peak
    length = ops.sqrt(ops.sum(ops.square(direction), axis=axes, keepdims=True))
    projected = direction * (max_value / length)
    # False for a NaN, so that what is not finite stays what it is.
    outside = length > max_value / peak
    return ops.cast(ops.where(outside, projected, wide), w.dtype)


def clip(w, min_value, max_value):
    """Returns `min(max(w, min_value), max_value)` elementwise, NaN kept.

    Args:
        w: Floating-point tensor.
        min_value: Float.
        max_value: Float, not below `min_value`.

    Returns:
        A tensor of `w`'s shape and dtype.

    Example:

    >>> w = ktk.kernels.norms.clip(np.array([-2.0, 0.25, 2.0]), -1.0, 1.0)
    >>> [float(v) for v in w]
    [-1.0, 0.25, 1.0]
    """
    w = ops.convert_to_tensor(w)
    # Bounds of w's own dtype: torch would make them float32 for a float64 w.
    low = ops.convert_to_tensor(min_value, dtype=w.dtype)
    high = ops.convert_to_tensor(max_value, dtype=w.dtype)
    return ops.clip(w, low, high)


def zero_mean(w, axes):
    """Returns `w - mean(w, axes)`, the mean taken in float32 at least.

    Args:
        w: Floating-point tensor.
        axes: Non-empty tuple of axes to average over.

    Returns:
        A tensor of `w`'s shape and dtype.

    Example:

    >>> w = ktk.kernels.norms.zero_mean(np.array([1.0, 3.0]), (0,))
    >>> [float(v) for v in w]
    [-1.0, 1.0]
    """
    w = ops.convert_to_tensor(w)
    wide = _widened(w)
    centred = wide - ops.mean(wide, axis=axes, keepdims=True)
    return ops.cast(centred, w.dtype)


def _widened(w):
    narrow = ops.dtype(w) in ("float16", "bfloat16")
    return ops.cast(w, "float32") if narrow else w
