"""One structure's way from kernels and counts to masks."""

import math

from keras import ops

from keras_trainkit.kernels.sparsity import structures
from keras_trainkit.kernels.sparsity.course import counts

_PER_ITEM = {"2:4": 0.5}


def counts_of(structure, sparsities, kernels):
    """Returns how many items of each kernel are pruned at each sparsity.

    Items are weights, groups of four or units.

    Args:
        structure: One of `prunable.STRUCTURES`.
        sparsities: Array of floats.
        kernels: List of `PrunableKernel`s.

    Returns:
        int32 array (sparsities, kernels); with `"global"` (sparsities, 1).
    """
    sizes = [_items(structure, kernel) for kernel in kernels]
    if structure == "global":
        sizes = [sum(sizes)]
    return counts(sparsities, sizes, _PER_ITEM.get(structure, 1))


def masks_of(structure, kernels, pruned, counted):
    """Returns what is pruned now, as Boolean tensors.

    Args:
        structure: One of `prunable.STRUCTURES`.
        kernels: List of `PrunableKernel`s.
        pruned: List of Boolean tensors, what is pruned in each already.
        counted: Row of `counts_of` for these kernels, a vector of int32.

    Returns:
        List of Boolean tensors, one for each kernel, and a list of those of
        the biases of each.
    """
    weights = [kernel.variable.value for kernel in kernels]
    if structure == "global":
        masks = structures.over_all(weights, pruned, counted[0])
        return masks, [[] for _ in masks]
    masks, of_biases = [], []
    for i, kernel in enumerate(kernels):
        one = _mask(structure, kernel, weights[i], pruned[i], counted[i])
        masks.append(one[0])
        # Each a buffer of its own: JAX's step gives all of them away.
        of_biases.append([ops.copy(one[1]) for _ in kernel.biases])
    return masks, of_biases


def _mask(structure, kernel, weight, pruned, count):
    if structure is None:
        return structures.scattered(weight, pruned, count), None
    if structure == "2:4":
        fours = structures.two_of_four(weight, pruned, count, kernel.incoming)
        return fours, None
    dead = structures.whole_units(weight, pruned, count, kernel.incoming)
    spread = ops.expand_dims(dead, kernel.incoming)
    return ops.broadcast_to(spread, weight.shape), dead


def _items(structure, kernel):
    shape = kernel.variable.shape
    if structure == "2:4":
        return math.prod(shape) // 4
    if structure == "filters":
        axes = range(len(shape))
        return math.prod(shape[i] for i in axes if i not in kernel.incoming)
    return math.prod(shape)
