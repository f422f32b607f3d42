"""What a torch module keeps beside its parameters."""

import keras

from keras_trainkit.backend.model.layers import all_layers
from keras_trainkit.backend.model.torch_modules import module_buffers


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
        self._values = [(b, b.detach().clone()) for b in module_buffers(model)]
        self._named = [(m, dict(m._buffers.items())) for m in modules]

    def restore(self):
        """Puts everything back."""
        for module, training in self._modes:
            module.training = training
        for weight, gradient in self._gradients:
            weight.grad = gradient
        for module, named in self._named:
            for name, buffer in named.items():
                # Some modules do not write to a buffer but replace it.
                if getattr(module, name, None) is not buffer:
                    setattr(module, name, buffer)
        for buffer, value in self._values:
            buffer.data.copy_(value)
