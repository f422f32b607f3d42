"""One trainable number for all the Swish layers of a model.

Layers do not know their model. In a graph each layer can see what lies before
it, so it takes the number from there when it is called for the first time, as
also happens when a model is loaded or cloned. Where there is no graph to
see, nothing can be shared: a call of the model then finds the layers that have
a number of their own, and raises.
"""

import weakref

import keras

from keras_trainkit.backend.model.graph_nodes import node_of
from keras_trainkit.backend.model.layers import all_layers
from keras_trainkit.backend.model.layers import outermost_call

# For each layer the models that were found to share its number.
_checked = weakref.WeakKeyDictionary()


def sharing_before(tensor, layer):
    """Returns the nearest layers before a symbolic tensor that share a beta.

    Args:
        tensor: A symbolic tensor; any other has nothing before it.
        layer: The layer that asks, and that does not count.

    Returns:
        List of layers with `shared="model"` that are built; on no way from
        the model's inputs to the tensor another one comes after them.
    """
    todo, seen, found = [tensor], set(), []
    while todo:
        node = node_of(todo.pop())
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        inside = [one for one in _sharing(node.operation) if one is not layer]
        found += [one for one in inside if one.built]
        if not inside:
            todo.extend(node.input_tensors)
    return found


def require_shared(layer):
    """Raises unless all of the model that is being called share one beta.

    Args:
        layer: A layer with `shared="model"`, in its call.

    Raises:
        ValueError: If another such layer has a beta of its own.
    """
    model = outermost_call()
    if model is None or model is layer:
        return
    models = _checked.setdefault(layer, weakref.WeakSet())
    if model in models:
        return
    for other in _sharing(model):
        if other.beta is not layer.beta:
            raise not_shared(layer, other, model)
    models.add(model)


def not_shared(layer, other, model=None):
    """Returns the error for two layers that do not share their beta."""
    place = "graph" if model is None else f"model {model.name!r}"
    return ValueError(
        'Expected one beta in all Swish layers with `shared="model"` of the '
        f"{place}. Received: {layer.name!r} and {other.name!r}, each with a "
        "beta of its own. A layer finds the beta of those before it in a "
        "functional or Sequential model only; in other models, in branches "
        "and around nested models make one Swish layer, and call it in each "
        "place."
    )


def _sharing(operation):
    if not isinstance(operation, keras.Layer):
        return []
    return [
        one
        for one in all_layers(operation)
        if getattr(one, "shares_beta_of_model", False)
    ]
