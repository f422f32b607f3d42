"""What Keras's dropout and recurrent layers do not expose of their masks."""

from keras.src.layers.regularization.spatial_dropout import BaseSpatialDropout
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell

from keras_trainkit.backend.model.lent_methods import own_method

SpatialDropout = BaseSpatialDropout
DroppingCell = DropoutRNNCell


def noise_shape_of(layer, inputs):
    """Returns the shape of the mask of `layer`, with `None` as in Keras.

    Args:
        layer: A dropout layer that has a mask.
        inputs: Its inputs.
    """
    if isinstance(layer, BaseSpatialDropout):
        # keras/src/layers/regularization/spatial_dropout.py
        return layer._get_noise_shape(inputs)
    return layer.noise_shape


def runs_call_of(layer, kind, passing=()):
    """Whether `call` of `layer` is the one that the class `kind` defines.

    Args:
        layer: A layer.
        kind: A class that defines a `call`.
        passing: Classes whose `call` hands on to that of the next class.
    """
    if own_method(layer, "call") or not isinstance(layer, kind):
        return False
    owners = (one for one in type(layer).__mro__ if "call" in vars(one))
    return next(one for one in owners if one not in passing) is kind


def masks_elsewhere(cell):
    """Returns stand-ins that keep a recurrent cell's masks off the cell.

    Keras caches them as attributes of the cell while the layer loops over the
    timesteps (keras/src/layers/rnn/dropout_rnn_cell.py), where any thread that
    uses the layer would find them, and delete them.

    Args:
        cell: A `DroppingCell`.

    Returns:
        List for `lent_methods`; empty if the class of `cell` has masks of its
        own.
    """
    names = (
        "get_dropout_mask",
        "get_recurrent_dropout_mask",
        "reset_dropout_mask",
        "reset_recurrent_dropout_mask",
    )
    kept = all(
        getattr(type(cell), name) is getattr(DropoutRNNCell, name)
        for name in names
    )
    if not kept:
        return []
    inputs = _Mask(cell, "dropout")
    states = _Mask(cell, "recurrent_dropout")
    methods = (inputs.get, states.get, inputs.reset, states.reset)
    pairs = zip(names, methods, strict=True)
    return [(cell, name, method) for name, method in pairs]


class _Mask:
    def __init__(self, cell, rate):
        self._cell = cell
        self._rate = rate
        self._mask = None

    def get(self, method, step_input):
        rate = getattr(self._cell, self._rate)
        if self._mask is None and rate > 0:
            self._mask = self._cell._create_dropout_mask(step_input, rate)
        return self._mask

    def reset(self, method):
        self._mask = None
