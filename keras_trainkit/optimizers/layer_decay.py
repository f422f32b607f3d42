"""Learning rates that decay from the head of a network to its stem."""

from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.kernels.layer_rates import decayed
from keras_trainkit.models.groups import group_weights
from keras_trainkit.models.groups import grouped
from keras_trainkit.optimizers.multipliers import built_tree
from keras_trainkit.optimizers.variable_multipliers import of_layers


def layer_decay(model, decay=0.65):
    """Returns multipliers that fall geometrically from the head to the stem.

    How transformers are fine-tuned since BEiT: the lower a layer, the more of
    what it has learnt is to be kept. Of G groups of layers, counted as
    `models.layer_groups` counts them (a transformer block is one, norms go
    with their block, embeddings are the lowest), group i from the stem, i = 0
    to G - 1, has the multiplier

        decay ** (G - 1 - i)

    so that the head keeps the learning rate itself.

    Args:
        model: A `keras.Model`, built.
        decay: Float above 0 and at most 1. With few groups, as in a small
            convolutional network, a larger one. Defaults to `0.65`.

    Returns:
        A callable `variable -> float` for one `LayerwiseLearningRate` of this
        model.

    Raises:
        ValueError: If `decay` is out of range, `model` is not built, or the
            order of its forward pass is unknown.
        TypeError: For arguments of another type.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(3, name="stem"),
    ...         keras.layers.LayerNormalization(),
    ...         keras.layers.Dense(3, name="middle"),
    ...         keras.layers.Dense(1, name="head"),
    ...     ]
    ... )
    >>> by_layer = ktk.optimizers.layer_decay(model, decay=0.5)
    >>> [by_layer(layer.trainable_weights[0]) for layer in model.layers]
    [0.25, 0.25, 0.5, 1.0]
    >>> optimizer = ktk.optimizers.LayerwiseLearningRate("adam", by_layer)

    Reference:

    - [Bao et al., 2021](https://arxiv.org/abs/2106.08254)
    """
    tree = built_tree(model)
    require_number(
        "decay", decay, "a number above 0 and at most 1", lambda v: 0 < v <= 1
    )
    weights = group_weights(tree, grouped(tree))
    return of_layers(
        tree, list(zip(weights, decayed(decay, len(weights)), strict=True))
    )
