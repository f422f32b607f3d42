"""The buffers of torch modules: what they held, and whether they still do.

Some modules do not write to a buffer but replace it (`self.count = self.count +
1`), so a buffer is found anew by its module and its name.
"""

import keras

from keras_trainkit.backend.model.layers import all_layers


class TorchBuffers:
    """A snapshot of all buffers; elsewhere than on torch, empty.

    Args:
        model: A `keras.Model`.
    """

    def __init__(self, model):
        modules = []
        if keras.backend.backend() == "torch":
            held = (m for layer in all_layers(model) for m in layer.modules())
            modules = {id(module): module for module in held}.values()
        self._held = [
            (module, name, buffer, None if buffer is None else _copy(buffer))
            for module in modules
            for name, buffer in module._buffers.items()
        ]

    def changed(self):
        """Whether a buffer holds something else now."""
        return not all(
            _same(value, getattr(module, name, None))
            for module, name, _, value in self._held
        )

    def restore(self):
        """Puts the buffers back, the tensors themselves and their values."""
        for module, name, buffer, value in self._held:
            if getattr(module, name, None) is not buffer:
                setattr(module, name, buffer)
            if buffer is not None:
                buffer.data.copy_(value)


def _copy(buffer):
    return buffer.detach().clone()


def _same(one, other):
    """Whether two buffers hold the same; a NaN is the same as a NaN."""
    if one is None or other is None:
        return one is other
    if one.shape != other.shape:
        return False
    return bool(((one == other) | ((one != one) & (other != other))).all())
