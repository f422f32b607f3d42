"""Pruning a model that has been trained."""

import math

import keras

from keras_trainkit.compression.prunable import prunable_kernels
from keras_trainkit.compression.pruning_arguments import require_sparsity
from keras_trainkit.compression.structured import counts_of
from keras_trainkit.compression.structured import masks_of


def prune(model, sparsity, structure=None, exclude=None):
    """Sets the smallest weights of a trained model to 0, at once.

    The simplest way to a sparse model: one cut after the training. Up to a
    half of the weights it often costs little accuracy; beyond that,
    `callbacks.MagnitudePruning` loses less, since the other weights train
    on meanwhile. To train the model further with its zeros, use that callback
    with the same sparsity and `start=0, end=0`.

    Pruned are the same kernels, in the same structures, as by the callback,
    but those that are frozen, too. What is 0 already counts as pruned, except
    in a kernel that is 0 as a whole.

    Zeros alone make no model faster, nor its file smaller: they make it
    compress better (`sparsity_report`), and whole units can be taken out.

    Args:
        model: A built `keras.Model`, compiled or not.
        sparsity: Float above 0 and below 1, the share of zeros.
        structure: `None`, `"global"`, `"2:4"` (with `sparsity=0.5`) or
            `"filters"`, as for `callbacks.MagnitudePruning`. Defaults to
            `None`.
        exclude: Selection of layers that are left alone, as `models.select`
            takes it. Defaults to `None`: none.

    Returns:
        `{path: share of zeros}` of each kernel that was pruned.

    Raises:
        ValueError: For a value out of range; for a model that is not built,
            or has a layer, not excluded, with LoRA, quantisation, or a shape
            that does not fit the structure. The model is then as it was.
        TypeError: For arguments of another type.

    Example:

    >>> model = keras.Sequential(
    ...     [keras.Input((4,)), keras.layers.Dense(1, name="head")]
    ... )
    >>> kernel = np.array([[0.1], [-3.0], [-0.2], [2.0]])
    >>> model.set_weights([kernel, np.zeros(1)])
    >>> ktk.compression.prune(model, 0.5)
    {'head/kernel': 0.5}
    >>> keras.ops.convert_to_numpy(model.layers[0].kernel).ravel().tolist()
    [0.0, -3.0, 0.0, 2.0]

    Reference:

    - [Han et al., 2015](https://arxiv.org/abs/1506.02626)
    """
    require_sparsity("sparsity", sparsity, structure)
    kernels = prunable_kernels(model, structure, exclude)
    before = [_zeros(kernel.variable) for kernel in kernels]
    (counts,) = counts_of(structure, [sparsity], kernels)
    masks, of_biases = masks_of(structure, kernels, before, counts)
    shares = {}
    for kernel, mask, dead in zip(kernels, masks, of_biases, strict=True):
        _set_to_zero(kernel.variable, mask)
        for bias, units in zip(kernel.biases, dead, strict=True):
            _set_to_zero(bias, units)
        pruned = keras.ops.convert_to_numpy(mask).sum()
        size = math.prod(kernel.variable.shape)
        shares[kernel.path] = int(pruned) / size
    return shares


def _set_to_zero(variable, mask):
    zero = keras.ops.zeros((), variable.dtype)
    variable.assign(keras.ops.where(mask, zero, variable.value))


def _zeros(variable):
    zeros = keras.ops.equal(variable.value, 0)
    some = keras.ops.logical_not(keras.ops.all(zeros))
    return keras.ops.logical_and(zeros, some)
