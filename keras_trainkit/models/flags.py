"""All trainable flags of a model, to be read and put back."""

import contextlib
from typing import NamedTuple

from keras_trainkit.backend.model.still_layers import set_stillness
from keras_trainkit.backend.model.still_layers import stillness


class Flags(NamedTuple):
    """Which layers and weights train, by `id`: what a model looks like.

    A list of layers cannot say it all: a composite may train in part, and a
    layer without trainable weights still has a flag. `still` says which of
    the layers that change state in training mode leave it alone while frozen.
    """

    layers: dict
    weights: dict
    still: dict


def read_flags(tree):
    """Returns the flags of a model, given as a `LayerTree`, as they are now."""
    return Flags(
        {id(layer): layer.trainable for layer in tree.layers},
        {id(weight): weight.trainable for weight in tree.weights},
        {id(layer): stillness(layer) for layer in tree.layers},
    )


def write_flags(tree, flags):
    """Gives a model the flags that `read_flags` returned."""
    # A container passes its flag on, so what it holds must come after it, on
    # every path.
    for layer in [tree.model, *(layer for _, layer in tree.below)]:
        flag = flags.layers[id(layer)]
        # TensorFlow's layers ignore an attribute that is set to what it is
        # (keras/src/backend/tensorflow/trackable.py), and so would not pass
        # the flag on to their weights.
        layer.trainable = not flag
        layer.trainable = flag
    for weight in tree.weights:
        weight.trainable = flags.weights[id(weight)]
    for layer in tree.layers:
        set_stillness(layer, flags.still[id(layer)])


@contextlib.contextmanager
def flags_or_nothing(tree):
    """Puts the flags of a model back where an error leaves the block."""
    flags = read_flags(tree)
    try:
        yield
    except BaseException:
        write_flags(tree, flags)
        raise
