"""Multipliers of the learning rate for selected layers."""

from keras_trainkit.backend.model.built import require_weights
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.models.selection import selected
from keras_trainkit.optimizers.multiplier_rules import require_multiplier
from keras_trainkit.optimizers.variable_multipliers import of_layers


def multipliers(model, selections):
    """Returns multipliers for `LayerwiseLearningRate`, layer by layer.

    Selections are those of `callbacks.FineTuning`: with them layers are named
    as there, in nested models too, and weights are told apart by identity
    where two of them carry the same path.

    Args:
        model: A `keras.Model`, built.
        selections: Dictionary of selections (`"all"`, an int for the last n
            layers, shell patterns on the layer path, a tuple of patterns,
            `models.groups(n)`, a callable `layer -> bool`; see
            `models.select`) to finite floats of at least 0. Where several
            name a layer, the last one counts; layers that none names have 1.

    Returns:
        A callable `variable -> float`, to be given to one
        `LayerwiseLearningRate` of this model. It is saved with it.

    Raises:
        ValueError: If a selection matches nothing, if other selections decide
            for all that it matches, if a multiplier is out of range, or if
            `model` has no weights yet.
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
    >>> by_layer = ktk.optimizers.multipliers(
    ...     model, {"stem": 0.01, "middle": 0.1}
    ... )
    >>> [by_layer(layer.kernel) for layer in model.layers]
    [0.01, 0.1, 1.0]
    """
    tree = built_tree(model)
    if not isinstance(selections, dict) or not selections:
        raise bad_type("selections", selections, "a dictionary with selections")
    for selection, value in selections.items():
        require_multiplier(f"selections[{selection!r}]", value)
    chosen = [
        (_weights(tree, selected(tree, selection)), value)
        for selection, value in selections.items()
    ]
    _require_all_used(selections, chosen)
    return of_layers(tree, chosen)


def built_tree(model):
    """Returns the `LayerTree` of a model, which must have weights."""
    require_weights(model)
    return LayerTree(model)


def _weights(tree, layers):
    return [weight for layer in layers for weight in tree.held_weights(layer)]


def _require_all_used(selections, chosen):
    last = {id(w): i for i, (weights, _) in enumerate(chosen) for w in weights}
    for i, selection in enumerate(selections):
        if i not in last.values():
            raise bad_value(
                "selections",
                selections,
                "such that each decides for a weight",
                f"What {selection!r} names, later selections name, too, and "
                "the last one counts: put the general ones first.",
            )
