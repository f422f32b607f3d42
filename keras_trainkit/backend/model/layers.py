"""The layers that a model holds, and what Keras keeps to itself of them."""

import threading

import keras

_BUILDING = threading.Lock()


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

    No variable that exists is changed, and no seed advances. Threads that
    build the same model do so one after the other, so only one does.
    """
    with _BUILDING, keras.StatelessScope():
        if not is_built(model):
            model(x, training=False)


def owns_seeds(layer):
    """Whether `layer` itself holds a seed generator, in a list or not."""
    # keras/src/layers/layer.py
    return bool(layer._seed_generators)


def takes_training(layer):
    """Whether `call` of `layer` has an argument `training`."""
    # keras/src/layers/layer.py
    return layer._call_has_training_arg
