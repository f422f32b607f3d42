"""The axes of a tensor, cut into blocks, and what a block is multiplied by."""

import dataclasses
import functools

from keras import ops


@dataclasses.dataclass(frozen=True)
class AxisBlocks:
    """How one axis is cut into blocks of equal length.

    Attributes:
        axis: Integer, which one.
        length: Integer, of the axis.
        count: Integer, how many blocks.
        side: Integer, the length of a block. The last one is filled up with
            zeros where `count * side` is more than `length`.
    """

    axis: int
    length: int
    count: int
    side: int


@functools.cache
def blocks_of(shape, block_size):
    """Returns the `AxisBlocks` of the axes of a tensor, a tuple.

    An axis longer than `block_size` is cut into as few blocks as possible,
    as equal as possible.

    Args:
        shape: Tuple of integers of at least 1.
        block_size: Integer of at least 1, the largest side of a block.

    Example:

    >>> from keras_trainkit.kernels.axis_blocks import blocks_of
    >>> [(b.count, b.side) for b in blocks_of((300, 64), 128)]
    [(3, 100), (1, 64)]
    """
    found = []
    for axis, length in enumerate(shape):
        count = -(-length // block_size)
        found.append(AxisBlocks(axis, length, count, -(-length // count)))
    return tuple(found)


@functools.cache
def without_units(shape):
    """Returns a shape without its axes of length 1; `(1,)` if none is left.

    Example:

    >>> from keras_trainkit.kernels.axis_blocks import without_units
    >>> without_units((1, 1, 64, 128))
    (64, 128)
    """
    return tuple(length for length in shape if length > 1) or (1,)


def products(x, blocks):
    """Returns `x x'` of each block of an axis, all other axes summed over.

    Args:
        x: Floating-point tensor.
        blocks: `AxisBlocks` of one of its axes.

    Returns:
        A tensor of shape `(count, side, side)`.
    """
    rows = _rows(x, blocks)
    # `ops.matmul` of float64 is one of float32 on torch.
    return rows @ ops.transpose(rows, (0, 2, 1))


def multiplied(x, matrices, blocks):
    """Multiplies each block of an axis by a matrix of its own.

    Args:
        x: Floating-point tensor.
        matrices: Tensor of shape `(count, side, side)`.
        blocks: `AxisBlocks` of one of the axes of `x`.

    Returns:
        A tensor of the shape of `x`.
    """
    order = _axis_first(x, blocks)
    moved = tuple(x.shape[i] for i in order)
    y = ops.convert_to_tensor(matrices) @ _rows(x, blocks)
    y = ops.reshape(y, (blocks.count * blocks.side, -1))[: blocks.length]
    back = tuple(order.index(i) for i in range(len(order)))
    return ops.transpose(ops.reshape(y, moved), back)


def _rows(x, blocks):
    """Returns `x` as `(count, side, all else)`."""
    x = ops.transpose(x, _axis_first(x, blocks))
    x = ops.reshape(x, (blocks.length, -1))
    missing = blocks.count * blocks.side - blocks.length
    if missing:
        x = ops.pad(x, ((0, missing), (0, 0)))
    return ops.reshape(x, (blocks.count, blocks.side, -1))


def _axis_first(x, blocks):
    rest = [i for i in range(len(x.shape)) if i != blocks.axis]
    return (blocks.axis, *rest)
