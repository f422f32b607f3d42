"""Layer paths: the chain of layer names from the model down."""

import keras

from keras_trainkit.models.forward_order import OrderUnknown
from keras_trainkit.models.forward_order import call_order
from keras_trainkit.models.forward_order import in_call_order
from keras_trainkit.models.forward_order import is_graph
from keras_trainkit.models.forward_order import sublayers
from keras_trainkit.models.owned import owns_weights


def layer_paths(model):
    """Lists the paths by which the layers of `model` can be selected.

    The path of a layer is the chain of layer names from the model down, such
    as `"backbone/block5_conv1"`; the name of `model` itself is no part of
    it. (Keras's `layer.path` leaves a nested functional model's name out.)
    Listed are the layers that own weights, in the order of the forward pass:

    - Nested models are opened.
    - A composite, that is a layer made of other layers such as
      `MultiHeadAttention` or `Bidirectional`, is listed once. Patterns may
      also name a layer inside it (`"attention/query"`).
    - A nested model with weights of its own (`add_weight`) is listed for
      these; `model` itself is then listed under its own name.
    - A layer that is reached on two paths is listed under each.

    The layers of a subclassed model are listed in the order of its attributes
    as long as its forward pass cannot be traced (it has not been built).

    Args:
        model: A `keras.Model`, built or not.

    Returns:
        List of strings.

    Example:

    >>> backbone = keras.Sequential(
    ...     [keras.Input((4,)), keras.layers.Dense(3, name="hidden")],
    ...     name="backbone",
    ... )
    >>> model = keras.Sequential(
    ...     [keras.Input((4,)), backbone, keras.layers.Dense(1, name="head")]
    ... )
    >>> ktk.models.layer_paths(model)
    ['backbone/hidden', 'head']
    """
    return list(dict.fromkeys(path for path, _ in owners(model)))


def walk(model, strict=False):
    """Yields `(path, layer)` for every layer below `model`.

    Nested models and composites are opened; a container comes before what it
    holds. The order is the forward pass's. InputLayers are left out, and a
    layer reached on two paths is yielded under each.

    Args:
        model: A `keras.Model`.
        strict: If true, raises `OrderUnknown` where a model is not built,
            or where the layers of a subclassed one would be yielded in
            attribute order because its forward pass cannot be traced.
            Defaults to `False`.
    """
    return _below(model, "", {}, strict)


def owners(model, strict=False):
    """Yields `(path, layer)` for the layers that selections act on.

    As `walk`, but only layers that own weights, and composites closed.
    """
    if owns_weights(model):
        yield model.name, model
    composite = None
    for path, layer in walk(model, strict):
        if composite is not None and path.startswith(f"{composite}/"):
            continue
        composite = None if isinstance(layer, keras.Model) else path
        if owns_weights(layer):
            yield path, layer


def _below(parent, prefix, called, strict):
    for layer in _ordered(parent, called, strict):
        path = prefix + layer.name
        yield path, layer
        # What a composite holds counts once with it, in any order.
        deep = strict and isinstance(layer, keras.Model)
        yield from _below(layer, f"{path}/", called, deep)


def _ordered(parent, called, strict):
    layers = sublayers(parent)
    if is_graph(parent):
        # Which layers will own weights is not settled before they are built.
        if strict and not all(layer.built for layer in layers):
            raise OrderUnknown(parent, "it has not been built")
        return layers
    if len(layers) < 2:
        return layers
    # One pass over a subclassed model orders everything it holds.
    if isinstance(parent, keras.Model) and id(parent) not in called:
        try:
            called.update(call_order(parent))
        except OrderUnknown:
            if strict:
                raise
            return layers
    return in_call_order(layers, called)
