"""Which units of a linear layer do nothing, and its kernel without them.

Kernels are NumPy arrays of shape `(*window, inputs / groups, units)`, as those
of Keras's dense layers and convolutions.
"""

import numpy as np


def reads(kernel, groups=1):
    """Says which units depend on which inputs: where a weight is not zero.

    Args:
        kernel: Array of shape `(*window, inputs / groups, units)`.
        groups: Integer, the groups of the convolution. Defaults to 1.

    Returns:
        Booleans of shape `(inputs, units)`.

    Example:

    >>> from keras_trainkit.kernels.sparsity.dead_units import reads
    >>> reads(np.array([[1.0, 0.0], [0.0, 0.0]])).tolist()
    [[True, False], [False, False]]
    """
    window = tuple(range(kernel.ndim - 2))
    return _by_input((kernel != 0).any(window), groups)


def separable_reads(depthwise, pointwise):
    """Returns what `reads` does, for the two kernels of a separable layer.

    Args:
        depthwise: Array of shape `(*window, inputs, multiplier)`.
        pointwise: Array of shape `(1, ..., inputs * multiplier, units)`.
    """
    inner = reads(depthwise.reshape(*depthwise.shape[:-2], 1, -1))[0]
    outer = reads(pointwise) & inner[:, None]
    inputs, multiplier = depthwise.shape[-2:]
    return outer.reshape(inputs, multiplier, -1).any(1)


def weighted_sum(kernel, constants, groups=1):
    """Returns what constant inputs add to each unit, in float64.

    A constant c_i at each place of the window adds c_i times the sum of the
    weights that meet it. It is the same at every place of an image where the
    window never reaches over the border.

    Args:
        kernel: Array of shape `(*window, inputs / groups, units)`.
        constants: Array of shape `(inputs,)`. NaN, an input that is not
            constant, adds nothing.
        groups: Integer, the groups of the convolution. Defaults to 1.

    Returns:
        Array of shape `(units,)`.

    Example:

    >>> from keras_trainkit.kernels.sparsity.dead_units import weighted_sum
    >>> kernel = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> weighted_sum(kernel, np.array([np.nan, 0.5])).tolist()
    [1.5, 2.0]
    """
    total = np.zeros(kernel.shape[-1])
    window = tuple(range(kernel.ndim - 2))
    rows, width = kernel.shape[-2], kernel.shape[-1] // groups
    for place in np.flatnonzero(np.nan_to_num(constants)):
        group, row = divmod(int(place), rows)
        units = slice(group * width, (group + 1) * width)
        weights = kernel[..., row, units].astype("float64").sum(window)
        total[units] += constants[place] * weights
    return total


def separable_sum(depthwise, pointwise, constants):
    """Returns what `weighted_sum` does, for a separable layer's two kernels."""
    window = tuple(range(depthwise.ndim - 2))
    inner = depthwise.astype("float64").sum(window)
    inner = inner * np.nan_to_num(constants)[:, None]
    return weighted_sum(pointwise, inner.ravel())


def needed_inputs(depends, needed, known):
    """Says which inputs have to be computed for the units that are needed.

    Args:
        depends: Booleans of shape `(inputs, units)`, from `reads`.
        needed: Booleans of shape `(units,)`.
        known: Booleans of shape `(inputs,)`: constants that a bias can hold.

    Returns:
        Booleans of shape `(inputs,)`.
    """
    return depends[:, needed].any(1) & ~known


def kept_kernel(kernel, inputs, units, groups=1):
    """Returns a kernel without some inputs and units.

    Args:
        kernel: Array of shape `(*window, inputs / groups, units)`.
        inputs: Booleans of shape `(inputs,)`: those that stay, of every group
            equally many.
        units: Booleans of shape `(units,)`: those that stay, of every group
            equally many.
        groups: Integer, the groups of the convolution. Defaults to 1.

    Example:

    >>> from keras_trainkit.kernels.sparsity.dead_units import kept_kernel
    >>> kept_kernel(
    ...     np.arange(6).reshape(2, 3),
    ...     np.array([False, True]),
    ...     np.array([True, False, True]),
    ... ).tolist()
    [[3, 5]]
    """
    rows = np.split(inputs, groups)
    columns = np.split(units, groups)
    blocks = np.split(kernel, groups, axis=-1)
    return np.concatenate(
        [
            block[..., row, :][..., column]
            for block, row, column in zip(blocks, rows, columns, strict=True)
        ],
        axis=-1,
    )


def missing_in_groups(kept, groups):
    """Returns the places that have to stay, too, so that groups stay equal.

    Args:
        kept: Booleans, one for each unit: what stays in any case.
        groups: Integer of at least 1.

    Returns:
        Integer array: of each group the first places that do not stay, as
        many as it has less than the largest; one of each where none stays.
    """
    parts = np.split(kept, groups)
    most = max(1, *(int(part.sum()) for part in parts))
    return np.concatenate(
        [
            np.flatnonzero(~part)[: most - int(part.sum())] + index * len(part)
            for index, part in enumerate(parts)
        ]
    )


def _by_input(matrix, groups):
    """Returns `(inputs / groups, units)` as `(inputs, units)`."""
    if groups == 1:
        return matrix
    rows, width = matrix.shape[0], matrix.shape[1] // groups
    full = np.zeros((rows * groups, matrix.shape[1]), matrix.dtype)
    for group in range(groups):
        units = slice(group * width, (group + 1) * width)
        full[group * rows : (group + 1) * rows, units] = matrix[:, units]
    return full
