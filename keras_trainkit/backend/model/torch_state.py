"""What a torch module keeps beside its parameters."""

import keras

from keras_trainkit.backend.model.layers import all_layers
from keras_trainkit.backend.model.torch_buffers import TorchBuffers


class TorchState:
    """A snapshot of modes, gradients and buffers; elsewhere than torch, empty.

    Buffers are the running statistics of a BatchNorm, for example, which
    `TorchModuleWrapper` does not show to Keras.

    Args:
        model: A `keras.Model`.
    """

    def __init__(self, model):
        modules, weights = [], []
        if keras.backend.backend() == "torch":
            held = (m for layer in all_layers(model) for m in layer.modules())
            modules = list({id(module): module for module in held}.values())
            weights = list(model.parameters())
        self._modes = [(module, module.training) for module in modules]
        self._gradients = [(weight, weight.grad) for weight in weights]
        self._buffers = TorchBuffers(model)

    def restore(self):
        """Puts everything back."""
        for module, training in self._modes:
            module.training = training
        for weight, gradient in self._gradients:
            weight.grad = gradient
        self._buffers.restore()
