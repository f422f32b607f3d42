"""Which layers of a model train."""

import keras

from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.models.forward_order import sublayers
from keras_trainkit.models.owned import held_weights
from keras_trainkit.models.owned import own_weights
from keras_trainkit.models.owned import owns_weights
from keras_trainkit.models.paths import owners
from keras_trainkit.models.paths import walk


def set_trainable(model, layers):
    """Makes exactly `layers` trainable and freezes the rest of `model`.

    Setting `layer.trainable` on a container passes the value on to all below
    it, and a frozen model hides its trainable layers; this sets the flags so
    that `model.trainable_weights` is what the layers hold, whatever was
    frozen before. Weights created with `trainable=False`, such as the moving
    statistics of `BatchNormalization`, stay so. A compiled model must be
    compiled again; `FineTuning` does so inside `fit`.

    Args:
        model: A `keras.Model`.
        layers: Layers of `model`, as `select` returns them. A composite
            stands for all it holds, a model for the weights it owns itself.

    Raises:
        ValueError: If a layer is not part of `model`, or is a nested model
            without weights of its own. No flag is changed then.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(3, name="hidden"),
    ...         keras.layers.Dense(1, name="head"),
    ...     ]
    ... )
    >>> ktk.models.set_trainable(model, ktk.models.select(model, "head"))
    >>> [layer.trainable for layer in model.layers]
    [False, True]
    """
    layers = list(layers)
    _require_parts(model, layers)
    whole = [one for one in layers if not isinstance(one, keras.Model)]
    chosen = {id(one) for one in layers}
    chosen |= {id(part) for one in whole for _, part in walk(one)}
    _thaw([model, *(one for _, one in walk(model))])
    _freeze_others(model, chosen)
    # A weight tied to a frozen layer was frozen with it.
    _thaw(whole)


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
    trained = {id(weight) for weight in model.trainable_weights}
    found = {id(layer): layer for _, layer in owners(model)}
    return [
        layer
        for layer in found.values()
        if any(id(weight) in trained for weight in held_weights(layer))
    ]


def _thaw(layers):
    for layer in layers:
        # TensorFlow's layers ignore an attribute that is set to what it is
        # (keras/src/backend/tensorflow/trackable.py): without the detour the
        # flag would not be passed on to sublayers and weights.
        layer.trainable = False
        layer.trainable = True


def _freeze_others(layer, chosen):
    """Freezes what is not chosen; returns whether anything is."""
    below = [_freeze_others(sub, chosen) for sub in sublayers(layer)]
    if id(layer) in chosen:
        return True
    if any(below):
        # Its flag has to stay up: a frozen container hides what it holds.
        for weight in own_weights(layer):
            weight.trainable = False
        return True
    layer.trainable = False
    return False


def _require_parts(model, layers):
    parts = {id(model), *(id(part) for _, part in walk(model))}
    for layer in layers:
        if id(layer) not in parts:
            raise bad_value(
                "layers", layer, f"layers of the model {model.name!r}"
            )
        if isinstance(layer, keras.Model) and not owns_weights(layer):
            raise bad_value(
                "layers",
                layer,
                "layers, or models that own weights themselves",
                f"Pass the layers inside: select(model, {layer.name!r}).",
            )
