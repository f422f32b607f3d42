"""Learning rates between two bounds, from the stem of a network to its head."""

from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.kernels.layer_rates import geometric
from keras_trainkit.models.groups import group_weights
from keras_trainkit.models.groups import grouped
from keras_trainkit.optimizers.multipliers import built_tree
from keras_trainkit.optimizers.variable_multipliers import of_layers


def spread(model, lowest, highest=1.0, n=None):
    """Returns multipliers between two bounds, spread over the layers.

    What fastai writes as `slice(lowest, highest)`: of G groups of layers
    (`models.layer_groups`), group i from the stem, i = 0 to G - 1, has

        lowest * (highest / lowest) ** (i / (G - 1))

    times the learning rate. The ratio between neighbours follows from the
    bounds, where `layer_decay` takes the ratio itself.

    Args:
        model: A `keras.Model`, built.
        lowest: Finite float above 0, at most `highest`: the multiplier of the
            stem.
        highest: Finite float, the multiplier of the head. Defaults to `1.0`:
            the learning rate itself.
        n: Into how many groups the layers are divided; fastai's models have
            three. Defaults to `None`: those of `models.layer_groups`.

    Returns:
        A callable `variable -> float` for one `LayerwiseLearningRate` of this
        model.

    Raises:
        ValueError: If a bound is out of range, `model` is not built or has
            less than `n` groups, or the order of its forward pass is unknown.
        TypeError: For arguments of another type.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(3, name="stem"),
    ...         keras.layers.Dense(3, name="middle"),
    ...         keras.layers.Dense(1, name="head"),
    ...     ]
    ... )
    >>> by_layer = ktk.optimizers.spread(model, 0.01)
    >>> [round(by_layer(layer.kernel), 6) for layer in model.layers]
    [0.01, 0.1, 1.0]

    Reference:

    - [Howard and Gugger, 2020](https://arxiv.org/abs/2002.04688)
    """
    tree = built_tree(model)
    for name, value in (("lowest", lowest), ("highest", highest)):
        require_number(
            name, value, "a finite number above 0", lambda v: 0 < v < _INF
        )
    if lowest > highest:
        raise bad_value(
            "lowest", lowest, f"at most highest={highest}: the stem moves less"
        )
    weights = group_weights(tree, grouped(tree, n))
    values = geometric(lowest, highest, len(weights))
    return of_layers(tree, list(zip(weights, values, strict=True)))


_INF = float("inf")
