"""Switching layers on for the length of a call."""

import contextlib
import functools

import keras

from keras_trainkit.backend.model.dropout_layers import DroppingCell
from keras_trainkit.backend.model.dropout_layers import SpatialDropout
from keras_trainkit.backend.model.dropout_layers import masks_elsewhere
from keras_trainkit.backend.model.dropout_layers import noise_shape_of
from keras_trainkit.backend.model.dropout_layers import runs_call_of
from keras_trainkit.backend.model.layers import takes_training
from keras_trainkit.backend.model.lent_methods import lent_methods
from keras_trainkit.backend.randomness.lent_randomness import drawing_from
from keras_trainkit.kernels.dropout import alpha_affine
from keras_trainkit.kernels.dropout import mask_shape
from keras_trainkit.kernels.dropout import used_rate
from keras_trainkit.layers.always_on import AlwaysOn


class NothingDrawn(Exception):
    """Layers that have to draw did not.

    Attributes:
        layers: List of them.
    """

    def __init__(self, layers):
        super().__init__([layer.name for layer in layers])
        self.layers = layers


@contextlib.contextmanager
def dropping(switched, draws, modes=(), required=()):
    """Lends dropout and random numbers to layers, in this thread.

    Inside, `switched` layers run in training mode, all others as they are
    called, and whatever draws through Keras draws from `draws`. Neither a
    layer nor a seed generator is changed.

    Args:
        switched: The layers that drop.
        draws: A `Draws`.
        modes: Pairs `(layer, training)` of other layers, which run in that
            mode whatever they are called with. Defaults to none.
        required: Those of `switched` that have to draw inside. Defaults to
            none.

    Raises:
        NothingDrawn: At the end, if one of `required` did not draw.
    """
    drew, stand_ins = set(), []
    for layer in switched:
        lent = [(layer, "call", _switched_call(layer, draws))]
        if isinstance(layer, DroppingCell):
            lent += masks_elsewhere(layer)
        for owner, name, function in lent:
            noting = functools.partial(_noting, layer, draws, drew, function)
            stand_ins.append((owner, name, noting))
    for layer, training in modes:
        if takes_training(layer):
            in_mode = functools.partial(_in_mode, training)
            stand_ins.append((layer, "call", in_mode))
    with lent_methods(stand_ins), drawing_from(draws):
        yield
    missing = [layer for layer in required if id(layer) not in drew]
    if missing:
        raise NothingDrawn(missing)


def drops_plainly(layer):
    """Whether `layer` is a dropout whose mask has the shape of its input."""
    plain = runs_call_of(layer, keras.layers.Dropout, (AlwaysOn,))
    return plain and layer.noise_shape is None and 0 < layer.rate < 1


def drops_everything(layer):
    """Whether `layer` is a dropout that lets nothing pass, its rate being 1."""
    if not isinstance(layer, keras.layers.Dropout) or layer.rate != 1:
        return False
    kinds = (keras.layers.Dropout, SpatialDropout)
    return any(runs_call_of(layer, kind, (AlwaysOn,)) for kind in kinds)


def dropped_copies(layer, draws, inputs, copies):
    """Returns what `layer` makes of `copies` of a batch, one below the other.

    The copies themselves are never made: that is a pass over memory less.

    Args:
        layer: One that `drops_plainly`.
        draws: A `Draws`.
        inputs: Tensor of shape `(batch, ...)` of the layer's compute dtype.
        copies: Integer.
    """
    rows, *rest = inputs.shape
    scale = 1 / (1 - used_rate(layer.rate))
    dropped = draws.drop(inputs[None], layer.rate, (copies, rows, *rest), scale)
    return keras.ops.reshape(dropped, (copies * rows, *rest))


def _noting(layer, draws, drew, function, /, *args, **kwargs):
    before = draws.count
    result = function(*args, **kwargs)
    if draws.count > before:
        drew.add(id(layer))
    return result


def _in_mode(mode, call, /, *args, **kwargs):
    return call(*args, **{**kwargs, "training": mode})


def _switched_call(layer, draws):
    for kind, fast in _FAST.items():
        if runs_call_of(layer, kind, (AlwaysOn,)):
            return functools.partial(fast, layer, draws)
    return functools.partial(_in_mode, True)


def _dropout(layer, draws, call, inputs, training=None):
    return _masked(layer, draws, inputs, noise_shape_of(layer, inputs))


def _masked(layer, draws, inputs, noise_shape):
    if layer.rate in (0, 1):
        return inputs if layer.rate == 0 else keras.ops.zeros_like(inputs)
    shape = mask_shape(noise_shape, keras.ops.shape(inputs))
    scale = 1 / (1 - used_rate(layer.rate))
    return draws.drop(inputs, layer.rate, shape, scale)


def _alpha_dropout(layer, draws, call, inputs, training=None):
    if layer.rate == 0:
        return inputs
    shape = mask_shape(layer.noise_shape, keras.ops.shape(inputs))
    numbers = alpha_affine(used_rate(layer.rate))
    return draws.drop(inputs, layer.rate, shape, *numbers)


_FAST = {
    keras.layers.Dropout: _dropout,
    SpatialDropout: _dropout,
    keras.layers.AlphaDropout: _alpha_dropout,
}
