"""Torch modules inside a model, which Keras holds in `TorchModuleWrapper`s.

Keras tracks their parameters. Their buffers, such as the running statistics
of a BatchNorm, are in no list of the model (keras/src/utils/torch_utils.py).
"""

import keras

from keras_trainkit.backend.model.layers import all_layers


def module_buffers(model):
    """Returns the buffers of all torch modules that a model holds.

    Args:
        model: A `keras.Model`.

    Returns:
        List of torch tensors, each once, in no set order; the tensors
        themselves, so that `copy_` writes to them. Empty on other backends.
    """
    if keras.backend.backend() != "torch":
        return []
    found = {
        id(buffer): buffer
        for layer in all_layers(model)
        for buffer in layer.buffers()
    }
    return list(found.values())
