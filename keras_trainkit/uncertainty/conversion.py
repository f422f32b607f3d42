"""Copies of models with Monte Carlo dropout in place of dropout, and back."""

import keras

from keras_trainkit import layers
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.layers.always_on import AlwaysOn
from keras_trainkit.models.copies import LayerCopies
from keras_trainkit.models.forward_order import is_graph
from keras_trainkit.models.graph import graph_layers
from keras_trainkit.models.paths import walk

_TO_MC = {
    keras.layers.AlphaDropout: layers.MCAlphaDropout,
    keras.layers.Dropout: layers.MCDropout,
    keras.layers.GaussianDropout: layers.MCGaussianDropout,
    keras.layers.SpatialDropout1D: layers.MCSpatialDropout1D,
    keras.layers.SpatialDropout2D: layers.MCSpatialDropout2D,
    keras.layers.SpatialDropout3D: layers.MCSpatialDropout3D,
}
_FROM_MC = {mc: plain for plain, mc in _TO_MC.items()}
_DROPOUT = (
    keras.layers.AlphaDropout,
    keras.layers.Dropout,
    keras.layers.GaussianDropout,
)


def to_mc(model):
    """Returns a copy of `model` whose dropout also acts at inference.

    For a trained model that is to be deployed as a Monte Carlo model: the copy
    draws in `predict`, `evaluate` and plain calls, and is saved and loaded as
    it is. To sample predictions of the model that is at hand, use `mc_predict`:
    it needs no copy, and also takes models that this function cannot convert.

    Each `Dropout`, `AlphaDropout`, `GaussianDropout` and `SpatialDropout1D` to
    `3D` becomes the layer of `keras_trainkit.layers` that has `MC` before its
    class's name, with the same name, rate, noise shape, seed (the copy goes on
    where the original's sequence stands) and dtype policy. Weights, statistics,
    trainable flags and what was assigned to variables are copied; nothing is
    shared. Nested models are opened, and a layer or model that is used twice is
    used twice in the copy. Other random layers, such as `GaussianNoise`, stay
    as they are.

    Args:
        model: A Sequential or functional model. It is left as it is.

    Returns:
        A Sequential or functional model with the name of `model`. It is not
        compiled.

    Raises:
        TypeError: If `model` is subclassed.
        ValueError: If there is no dropout layer to convert, or dropout that
            no layer can stand for: inside a subclassed model or a layer made
            of layers, in a recurrent or attention layer's own `dropout`, or
            a subclass of a dropout layer.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dropout(0.5, name="drop"),
    ...         keras.layers.Dense(1),
    ...     ]
    ... )
    >>> mc = ktk.uncertainty.to_mc(model)
    >>> mc.get_layer("drop").__class__.__name__
    'MCDropout'
    >>> x = np.ones((1, 4), "float32")
    >>> len({float(mc.predict(x, verbose=0)[0, 0]) for _ in range(9)}) > 1
    True

    Reference:

    - [Gal and Ghahramani, 2016](https://arxiv.org/abs/1506.02142)
    """
    return _converted(
        model,
        _TO_MC,
        _why_not_mc,
        "Call `keras_trainkit.uncertainty.mc_predict`, which takes any model "
        "and needs no copy.",
    )


def from_mc(model):
    """Returns a copy of `model` whose dropout acts in training only.

    The inverse of `to_mc`: the copy predicts as the network without dropout.
    Weights, names, seeds and sharing are treated as `to_mc` treats them.

    Args:
        model: A Sequential or functional model with layers such as
            `keras_trainkit.layers.MCDropout`. It is left as it is.

    Returns:
        A Sequential or functional model with the name of `model`. It is not
        compiled.

    Raises:
        TypeError: If `model` is subclassed.
        ValueError: If there is no Monte Carlo dropout layer to convert, or
            one that cannot be: inside a subclassed model or a layer made of
            layers, or a subclass of it.

    Example:

    >>> mc = keras.Sequential(
    ...     [keras.Input((4,)), ktk.layers.MCDropout(0.5, name="drop")]
    ... )
    >>> model = ktk.uncertainty.from_mc(mc)
    >>> model.get_layer("drop").__class__.__name__
    'Dropout'
    >>> model.predict(np.ones((1, 4)), verbose=0).tolist()
    [[1.0, 1.0, 1.0, 1.0]]
    """
    return _converted(
        model,
        _FROM_MC,
        _why_not_plain,
        "Build the model with Keras's dropout there, and copy the weights.",
    )


def _converted(model, table, why_not, hint):
    if not (isinstance(model, keras.Model) and is_graph(model)):
        raise bad_type(
            "model",
            model,
            "a Sequential or functional model",
            "The layers of a subclassed model are chosen by its own code: "
            "write them there, or call "
            "`keras_trainkit.uncertainty.mc_predict`, which takes any model.",
        )
    leaves = _leaves(model)
    for leaf in leaves:
        if type(leaf) not in table:
            _refuse_what_stays(leaf, why_not, hint)
    if not any(type(leaf) in table for leaf in leaves):
        names = sorted(kind.__name__ for kind in table)
        raise bad_value(
            "model", model, f"one with a layer to convert, of {names}"
        )
    copies = _ConvertingCopies(table)
    copy = copies(model)
    copies.carry_state()
    return copy


def _leaves(model):
    """Returns the layers of a graph, those of graphs nested in it too."""
    found = []
    for layer in graph_layers(model):
        nested = isinstance(layer, keras.Model) and is_graph(layer)
        found += _leaves(layer) if nested else [layer]
    return found


def _refuse_what_stays(leaf, why_not, hint):
    parts = [(leaf.name, leaf)]
    parts += [(f"{leaf.name}/{path}", part) for path, part in walk(leaf)]
    for path, part in parts:
        reason = why_not(part, inside=part is not leaf)
        if reason:
            raise bad_value(
                "model",
                f"a model whose {path!r} is a {type(part).__name__}",
                f"one without {reason}",
                hint,
            )


def _why_not_mc(part, inside):
    if isinstance(part, AlwaysOn):
        return None
    if isinstance(part, _DROPOUT):
        if inside:
            # MultiHeadAttention holds one whatever its rate.
            return part.rate and "dropout inside another layer"
        return "dropout layers of a subclass, whose constructor is unknown"
    rates = [getattr(part, n, 0) for n in ("dropout", "recurrent_dropout")]
    if any(isinstance(rate, (int, float)) and rate > 0 for rate in rates):
        return "a layer that drops by itself"
    return None


def _why_not_plain(part, inside):
    if not isinstance(part, AlwaysOn):
        return None
    if inside:
        return "Monte Carlo dropout inside another layer"
    return "layers of a subclass, whose constructor is unknown"


class _ConvertingCopies(LayerCopies):
    def __init__(self, table):
        super().__init__()
        self._table = table

    def _copy(self, layer):
        if type(layer) in self._table:
            # keras/src/layers/regularization/spatial_dropout.py writes the
            # variables' dtype, so "mixed_float16" would become float32.
            policy = keras.dtype_policies.serialize(layer.dtype_policy)
            config = {**layer.get_config(), "dtype": policy}
            return self._table[type(layer)].from_config(config)
        if isinstance(layer, keras.Model) and is_graph(layer):
            return self._graph_copy(layer)
        return super()._copy(layer)
