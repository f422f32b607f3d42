"""Layers that change their state in training mode even when frozen.

A frozen `BatchNormalization` runs in inference mode: Keras's own asks for
`training and self.trainable`. `SpectralNormalization` does not ask, and
`TorchModuleWrapper` puts its whole module into training mode. Those two are
given a class that asks, and looks and saves as Keras's own.
"""

import contextlib
import functools

import keras

from keras_trainkit.backend.model.torch_modules import buffers_kept
from keras_trainkit.backend.model.torch_modules import norms_in_inference_mode

_NORMS_HELD = "_keras_trainkit_norms_held"
_PLAIN_CLASS = "_keras_trainkit_plain_class"


def stillness(layer):
    """Returns how `layer` holds still, to be given to `set_stillness`.

    `None` where the layer's class needs no care, else a tuple: whether it
    leaves its state alone where it is frozen, and whether the BatchNorms of
    its torch module do in any case.
    """
    if not _is_restless(layer):
        return None
    return hasattr(type(layer), _PLAIN_CLASS), _NORMS_HELD in vars(layer)


def plain_class(layer):
    """Returns the class of `layer`, whether it holds still or not."""
    return getattr(type(layer), _PLAIN_CLASS, type(layer))


def set_stillness(layer, value):
    """Makes `layer` hold still as `value`, from `stillness`, says.

    What is frozen is asked for in every call, so flags may change later.
    """
    if value is None:
        return
    holds_still, norms_held = value
    plain = plain_class(layer)
    # Layer.__setattr__ would track what it is given.
    object.__setattr__(
        layer, "__class__", _that_holds_still(plain) if holds_still else plain
    )
    vars(layer).pop(_NORMS_HELD, None)
    if norms_held:
        vars(layer)[_NORMS_HELD] = True


def _is_restless(layer):
    kinds = (
        keras.layers.SpectralNormalization,
        keras.layers.TorchModuleWrapper,
    )
    return isinstance(layer, kinds)


class _StillSpectralNormalization:
    def call(self, inputs, training=False):
        training = bool(training) and self.kernel.trainable
        return super().call(inputs, training=training)


class _StillTorchModule:
    def call(self, *args, training=None, **kwargs):
        with contextlib.ExitStack() as stack:
            if training is not False:
                held = not self.trainable or _NORMS_HELD in vars(self)
                stack.enter_context(norms_in_inference_mode(self.module, held))
                if not self.trainable:
                    stack.enter_context(buffers_kept(self.module))
            return super().call(*args, training=training, **kwargs)


@functools.cache
def _that_holds_still(plain):
    """Returns the class `plain` that holds still, under the same name."""
    spectral = issubclass(plain, keras.layers.SpectralNormalization)
    mixin = _StillSpectralNormalization if spectral else _StillTorchModule
    # A file names the class by these (keras/src/saving/serialization_lib.py).
    attributes = {
        "__module__": plain.__module__,
        "__qualname__": plain.__qualname__,
        "__doc__": plain.__doc__,
        _PLAIN_CLASS: plain,
    }
    return type(plain.__name__, (mixin, plain), attributes)
