"""Which weights a layer owns."""

import keras

from keras_trainkit.models.forward_order import sublayers


def own_weights(layer):
    """Returns the weights of `layer` that none of its sublayers holds."""
    below = {id(w) for sub in sublayers(layer) for w in sub.weights}
    return [w for w in layer.weights if id(w) not in below]


def held_weights(layer):
    """Returns the weights that `layer` stands for in a selection."""
    is_model = isinstance(layer, keras.Model)
    return own_weights(layer) if is_model else layer.weights


def owns_weights(layer):
    """Whether selections act on `layer`.

    A nested model counts for the weights it owns itself, any other layer for
    all it holds. A layer that is not built may still come to own weights.
    """
    if isinstance(layer, keras.Model):
        return bool(own_weights(layer))
    return bool(layer.weights) or not layer.built
