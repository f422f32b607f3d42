"""Weight decay on kernels alone."""

import keras

from keras_trainkit.backend.optimizer.anatomy import innermost
from keras_trainkit.backend.optimizer.decay_exclusion import exclude_too
from keras_trainkit.backend.training.kept_steps import forget_compiled_steps
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.models.normalization import is_normalization
from keras_trainkit.optimizers.multipliers import built_tree


def exclude_norm_and_bias(optimizer, model):
    """Takes biases, normalisation and embeddings out of the weight decay.

    Weight decay is meant for the kernels, which inputs are multiplied by.
    Pulling a bias, a normalisation's scale, an embedding or a position towards
    zero changes what the network computes and regularises nothing. Excluded
    are, by the type of their layer and not by their name:

    - weights of normalisation layers,
    - weights of embedding layers (`keras.layers.Embedding`, and layers whose
      class has "Embedding" in its name, such as KerasHub's position
      embeddings; a convolution inside of one is a kernel),
    - biases, and all weights with less than two axes (scales, slopes, gates),
    - `cls`, position and other tokens: weights whose first axis has size 1
      that are no layer's kernel.

    Args:
        optimizer: An optimizer with decoupled weight decay (`AdamW`, or any
            other with `weight_decay`), also inside `LossScaleOptimizer` or
            `LayerwiseLearningRate`. What was excluded before stays excluded.
        model: A `keras.Model`, built.

    Returns:
        `optimizer`, so that it can be given to `compile`. Keras does not save
        what is excluded: call this again on `model.optimizer` after loading.

    Raises:
        ValueError: If the optimizer has no weight decay, or `model` no
            weights yet.
        TypeError: If `optimizer` is no Keras optimizer, or `model` no
            `keras.Model`.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(3),
    ...         keras.layers.LayerNormalization(),
    ...         keras.layers.Dense(1),
    ...     ]
    ... )
    >>> optimizer = ktk.optimizers.exclude_norm_and_bias(
    ...     keras.optimizers.AdamW(1e-3, weight_decay=0.05), model
    ... )
    >>> model.compile(optimizer, "mse")

    Reference:

    - [Loshchilov and Hutter, 2019](https://arxiv.org/abs/1711.05101)
    """
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise bad_type("optimizer", optimizer, "a keras.optimizers.Optimizer")
    tree = built_tree(model)
    inner = innermost(optimizer)
    if inner.weight_decay is None:
        raise bad_value(
            "optimizer",
            optimizer,
            "one with weight decay",
            f"Make the {type(inner).__name__} with `weight_decay=`.",
        )
    exclude_too(inner, not_decayed(tree))
    if getattr(model, "optimizer", None) is not None:
        # A step that is compiled has what was decayed baked in.
        forget_compiled_steps(model)
    return optimizer


def not_decayed(tree):
    """Returns the weights that are no kernels, for a model that was read."""
    return [
        weight
        for layer in tree.layers
        for weight in tree.own_weights(layer)
        if not _is_kernel(layer, weight)
    ]


def _is_kernel(layer, weight):
    if is_normalization(layer) or _is_embedding(layer):
        return False
    if len(weight.shape) < 2 or weight is getattr(layer, "bias", None):
        return False
    named = (getattr(layer, name, None) for name in _KERNELS)
    return weight.shape[0] != 1 or any(one is weight for one in named)


def _is_embedding(layer):
    return any("Embedding" in one.__name__ for one in type(layer).__mro__)


# Attributes of Keras's layers.
_KERNELS = (
    "kernel",
    "recurrent_kernel",
    "depthwise_kernel",
    "pointwise_kernel",
)
