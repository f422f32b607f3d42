"""Building a model on a batch, as `predict` does."""

import keras


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
