"""All trainable flags of a model, to be put back or added to."""

import contextlib
from typing import NamedTuple

from keras_trainkit.models.paths import walk
from keras_trainkit.models.trainable import set_trainable


class Flags(NamedTuple):
    """Which layers and weights train, by `id`: what a model looks like.

    A list of layers cannot say it all: a composite may train in part, and a
    layer without trainable weights still has a flag.
    """

    layers: dict
    weights: dict


def read_flags(model):
    """Returns the flags of `model` as they are now."""
    layers = {id(layer): layer.trainable for layer in _containers_first(model)}
    weights = {id(weight): weight.trainable for weight in model.weights}
    return Flags(layers, weights)


def write_flags(model, flags):
    """Gives `model` the flags that `read_flags` returned."""
    for layer in _containers_first(model):
        flag = flags.layers[id(layer)]
        # TensorFlow's layers ignore an attribute that is set to what it is
        # (keras/src/backend/tensorflow/trackable.py), and so would not pass
        # the flag on to their weights.
        layer.trainable = not flag
        layer.trainable = flag
    for weight in model.weights:
        weight.trainable = flags.weights[id(weight)]


@contextlib.contextmanager
def flags_or_nothing(model):
    """Puts the flags of `model` back where an error leaves the block."""
    flags = read_flags(model)
    try:
        yield
    except BaseException:
        write_flags(model, flags)
        raise


def add_trainable(model, layers, flags=None):
    """Makes `layers` trainable on top of what trained before.

    Args:
        model: A `keras.Model`.
        layers: As for `set_trainable`.
        flags: What trained before. Defaults to `None`: the flags as they are.
    """
    before = read_flags(model) if flags is None else flags
    set_trainable(model, layers)
    if before.layers[id(model)]:
        write_flags(model, _either(before, read_flags(model)))


def _containers_first(model):
    # A container passes its flag on, so what it holds must come after it.
    return [model, *(layer for _, layer in walk(model))]


def _either(one, other):
    return Flags(
        *(
            {key: flag or theirs[key] for key, flag in mine.items()}
            for mine, theirs in zip(one, other, strict=True)
        )
    )
