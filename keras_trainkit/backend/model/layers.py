"""The layers that a model holds, and whether they are built."""

import keras


def all_layers(layer):
    """Returns `layer` and all that it holds, each once, in no set order."""
    # Layer._flatten_layers, keras/src/layers/layer.py
    return list({id(one): one for one in layer._flatten_layers()}.values())


def is_built(model):
    """Whether `model` and all that it holds has its variables."""
    # keras/src/backend/jax/trainer.py
    return all(layer.built for layer in model._flatten_layers())


def build_on(model, x):
    """Builds what of `model` is not built yet by a call on `x`.

    No variable that exists is changed, and no seed advances.
    """
    with keras.StatelessScope():
        model(x, training=False)
