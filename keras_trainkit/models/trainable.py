"""Which layers of a model train."""

import keras

from keras_trainkit.backend.model.flagged_variables import flagged_variables
from keras_trainkit.backend.model.still_layers import stillness
from keras_trainkit.backend.model.torch_modules import norm_weights
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.models.flags import Flags
from keras_trainkit.models.flags import read_flags
from keras_trainkit.models.flags import write_flags
from keras_trainkit.models.frozen_alone import frozen_alone
from keras_trainkit.models.frozen_alone import note_frozen_alone
from keras_trainkit.models.layer_tree import LayerTree


def trainable_layers(model):
    """Lists the layers of `model` that have a trainable weight.

    Args:
        model: A `keras.Model`.

    Returns:
        List of layers in forward order, each once. A composite is listed
        once even if only a part of it trains; a model stands for the weights
        it owns itself.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(3, name="hidden", trainable=False),
    ...         keras.layers.Dense(1, name="head"),
    ...     ]
    ... )
    >>> [layer.name for layer in ktk.models.trainable_layers(model)]
    ['head']
    """
    return training_in(LayerTree(model))


def training_in(tree):
    """Returns `trainable_layers` of a model that has been read."""
    trained = {id(weight) for weight in tree.model.trainable_weights}
    found = {id(layer): layer for _, layer in tree.owners}
    return [
        layer
        for layer in found.values()
        if any(id(weight) in trained for weight in tree.held_weights(layer))
    ]


def train_only(tree, layers, held=(), besides=None):
    """Makes exactly `layers` trainable and freezes the rest of a model.

    Setting `layer.trainable` on a container passes the value on to all below
    it, and a frozen model hides its trainable layers; this sets the flags so
    that `model.trainable_weights` is what the layers hold, whatever was
    frozen before. Weights created with `trainable=False`, such as the moving
    statistics of `BatchNormalization`, stay so, and so do those that were
    frozen alone; see `frozen_alone`. A compiled model needs
    `scheduling.trainable_set` afterwards.

    Args:
        tree: The model's `LayerTree`.
        layers: Layers of the model, as `select` returns them. A composite
            stands for all it holds, a model for the weights it owns itself.
        held: Layers that stay frozen in any case, `BatchNormalization`s and
            what holds torch's.
        besides: `Flags` of what trains besides. Defaults to `None`: nothing.

    Raises:
        ValueError: If a layer is not part of the model, or is a nested model
            without weights of its own. No flag is changed then.
    """
    layers = list(layers)
    _require_parts(tree, layers)
    alone, chosen = frozen_alone(tree), _with_parts(tree, layers)
    flags = _only(tree, chosen, alone)
    if besides is not None and besides.layers[id(tree.model)]:
        flags = _either(besides, flags)
    _hold(flags, held)
    norms_held = {id(layer) for layer in held}
    if besides is not None:
        norms_held |= _norms_held(tree) - chosen
    _apply(tree, flags, alone, norms_held)


def train_too(tree, layers):
    """Makes `layers` trainable besides what trains now.

    Args:
        tree: The model's `LayerTree`.
        layers: As for `train_only`.
    """
    train_only(tree, layers, besides=read_flags(tree))


def train_no_longer(tree, layers):
    """Freezes `layers`; a model stands for the weights it owns itself."""
    alone, flags = frozen_alone(tree), read_flags(tree)
    for layer in layers:
        is_model = isinstance(layer, keras.Model)
        for part in [layer] if is_model else [layer, *tree.inside(layer)]:
            # The flag of a model would freeze all that it holds.
            flags.layers[id(part)] = is_model and flags.layers[id(part)]
            for weight in flagged_variables(part):
                flags.weights[id(weight)] = False
    _apply(tree, flags, alone, _norms_held(tree))


def _with_parts(tree, layers):
    found = {id(layer) for layer in layers}
    whole = [one for one in layers if not isinstance(one, keras.Model)]
    return found | {id(part) for one in whole for part in tree.inside(one)}


def _only(tree, chosen, alone):
    """Returns the flags with which only what is chosen trains."""
    up = {}
    _flag_up(tree, tree.model, chosen, up)
    made_trainable, trained = set(), set()
    for layer in tree.layers:
        weights = {id(weight) for weight in flagged_variables(layer)}
        made_trainable |= weights
        if id(layer) in chosen:
            trained |= weights - alone
    weights = {
        id(w): id(w) in trained if id(w) in made_trainable else w.trainable
        for w in tree.weights
    }
    return Flags(up, weights, {})


def _flag_up(tree, layer, chosen, up):
    # A frozen container hides what it holds, so its flag has to be up.
    if id(layer) not in up:
        below = [
            _flag_up(tree, sub, chosen, up) for sub in tree.sublayers(layer)
        ]
        up[id(layer)] = id(layer) in chosen or any(below)
    return up[id(layer)]


def _either(one, other):
    layers, weights = (
        {key: flag or theirs[key] for key, flag in mine.items()}
        for mine, theirs in zip(one[:2], other[:2], strict=True)
    )
    return Flags(layers, weights, {})


def _hold(flags, held):
    for layer in held:
        weights = norm_weights(layer)
        if weights is None:
            flags.layers[id(layer)] = False
            weights = layer.weights
        for weight in weights:
            flags.weights[id(weight)] = False


def _norms_held(tree):
    found = {id(layer): stillness(layer) for layer in tree.layers}
    return {one for one, still in found.items() if still and still[1]}


def _apply(tree, flags, alone, norms_held):
    for layer in tree.layers:
        flags.still[id(layer)] = stillness(layer) and (
            id(layer) in norms_held or not _trains_whole(tree, flags, layer),
            id(layer) in norms_held,
        )
    write_flags(tree, flags)
    note_frozen_alone(tree, alone)


def _trains_whole(tree, flags, layer):
    weights = [
        weight
        for part in [layer, *tree.inside(layer)]
        for weight in flagged_variables(part)
    ]
    return flags.layers[id(layer)] and all(
        flags.weights[id(weight)] for weight in weights
    )


def _require_parts(tree, layers):
    parts = {id(layer) for layer in tree.layers}
    for layer in layers:
        if id(layer) not in parts:
            raise bad_value(
                "layers", layer, f"layers of the model {tree.model.name!r}"
            )
        if isinstance(layer, keras.Model) and not tree.owns_weights(layer):
            raise bad_value(
                "layers",
                layer,
                "layers, or models that own weights themselves",
                f"Pass the layers inside: select(model, {layer.name!r}).",
            )
