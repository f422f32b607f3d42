"""Which layers drop, and switching them on for the length of a call."""

import contextlib
import functools

import keras
from keras.src.layers.regularization.spatial_dropout import BaseSpatialDropout
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell

from keras_trainkit.backend.model.layers import all_layers
from keras_trainkit.backend.randomness.random_masks import Seeds
from keras_trainkit.kernels.dropout import alpha_affine
from keras_trainkit.kernels.dropout import used_rate
from keras_trainkit.layers.always_on import AlwaysOn

# The attributes that hold the rates of a layer that draws in its own `call`.
# Multi-head and grouped-query attention have a Dropout layer inside; of the
# recurrent layers, LSTM and GRU drop inputs themselves in their fast paths
# (keras/src/layers/rnn/lstm.py), the others leave it to their cells.
_RATES = (
    (keras.layers.Dropout, ("rate",)),
    (keras.layers.AlphaDropout, ("rate",)),
    (keras.layers.GaussianDropout, ("rate",)),
    (keras.layers.Attention, ("dropout",)),
    (DropoutRNNCell, ("dropout", "recurrent_dropout")),
    (keras.layers.LSTM, ("dropout", "recurrent_dropout")),
    (keras.layers.GRU, ("dropout", "recurrent_dropout")),
)
_NOISE = ((keras.layers.GaussianNoise, ("stddev",)),)

LOOKED_FOR = (
    "Dropout, SpatialDropout1D, 2D, 3D, AlphaDropout, GaussianDropout, their "
    "Monte Carlo forms, `dropout` and `recurrent_dropout` of recurrent layers "
    "and cells, `dropout` of attention layers"
)


def random_layers(model, noise=False):
    """Returns `{layer: rates}` of the layers in `model` that can drop.

    Args:
        model: A `keras.Model` that is built.
        noise: Whether Gaussian noise counts. Defaults to `False`.
    """
    kinds = _RATES + _NOISE if noise else _RATES
    found = {}
    for layer in all_layers(model):
        rates = [
            getattr(layer, name)
            for kind, names in kinds
            if isinstance(layer, kind)
            for name in names
        ]
        if rates:
            found[layer] = tuple(rates)
    return found


def owns_seeds(layer):
    """Whether `layer` itself holds a seed generator."""
    return bool(_seed_attributes(layer))


@contextlib.contextmanager
def dropping(layers, switched, draws):
    """Lends dropout and random numbers to `layers`.

    Inside, `switched` layers run in training mode, all others as they are
    called; none advances a seed generator.

    Args:
        layers: The layers of a model that own seeds, and the switched ones.
        switched: Those of them that drop.
        draws: A `Draws`.
    """
    lent, kept = Seeds(draws), []
    names = ("call", "_dropout_mask", "_recurrent_dropout_mask")
    for layer in layers:
        # Through vars(): Layer.__setattr__ would track what it is given.
        own = vars(layer)
        seeds = _seed_attributes(layer)
        kept.append({k: own[k] for k in (*names, *seeds) if k in own})
    on = {id(layer) for layer in switched}
    try:
        for layer in layers:
            vars(layer).update(dict.fromkeys(_seed_attributes(layer), lent))
            if id(layer) in on:
                vars(layer)["call"] = _switched_call(layer, draws)
        yield
    finally:
        for layer, own in zip(layers, kept, strict=True):
            if "call" not in own:
                vars(layer).pop("call", None)
            vars(layer).update(own)


def drops_plainly(layer):
    """Whether `layer` is a dropout whose mask has the shape of its input."""
    plain = _calls_as(layer, keras.layers.Dropout)
    return plain and layer.noise_shape is None and 0 < layer.rate < 1


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


def _seed_attributes(layer):
    return [
        name
        for name, value in vars(layer).items()
        if isinstance(value, keras.random.SeedGenerator)
    ]


def _switched_call(layer, draws):
    for kind, fast in _FAST.items():
        if _calls_as(layer, kind):
            return functools.partial(fast, layer, draws)
    call = layer.call

    @functools.wraps(call)
    def switched(*args, **kwargs):
        return call(*args, **{**kwargs, "training": True})

    return switched


def _calls_as(layer, kind):
    """Whether `call` of `layer` is that of `kind`, always on or not."""
    if "call" in vars(layer) or not isinstance(layer, kind):
        return False
    owners = (one for one in type(layer).__mro__ if "call" in vars(one))
    return next(one for one in owners if one is not AlwaysOn) is kind


def _dropout(layer, draws, inputs, training=None):
    return _masked(layer, draws, inputs, layer.noise_shape)


def _spatial_dropout(layer, draws, inputs, training=None):
    noise_shape = layer._get_noise_shape(inputs)
    return _masked(layer, draws, inputs, noise_shape)


def _masked(layer, draws, inputs, noise_shape):
    if layer.rate in (0, 1):
        return inputs if layer.rate == 0 else keras.ops.zeros_like(inputs)
    shape = _concrete(noise_shape, inputs)
    scale = 1 / (1 - used_rate(layer.rate))
    return draws.drop(inputs, layer.rate, shape, scale)


def _alpha_dropout(layer, draws, inputs, training=None):
    if layer.rate == 0:
        return inputs
    shape = _concrete(layer.noise_shape, inputs)
    numbers = alpha_affine(used_rate(layer.rate))
    return draws.drop(inputs, layer.rate, shape, *numbers)


def _concrete(noise_shape, inputs):
    shape = keras.ops.shape(inputs)
    if noise_shape is None:
        return shape
    pairs = zip(noise_shape, shape, strict=True)
    return tuple(n if given is None else given for given, n in pairs)


_FAST = {
    keras.layers.Dropout: _dropout,
    BaseSpatialDropout: _spatial_dropout,
    keras.layers.AlphaDropout: _alpha_dropout,
}
