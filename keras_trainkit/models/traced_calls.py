"""What a model calls, traced through all that can be opened."""

import keras

from keras_trainkit.backend.model.keras_kinds import is_keras_layer
from keras_trainkit.backend.model.layers import takes_training
from keras_trainkit.backend.model.symbolic_calls import symbolic_calls
from keras_trainkit.models.forward_order import signatures
from keras_trainkit.models.graph import graph_of


def traced_calls(model, tree):
    """Returns the calls of a forward pass in training mode, in order.

    Nested models are opened, and so are layers of a user's own that hold
    others, where they run on symbolic tensors. Nothing is left behind.

    Args:
        model: A built `keras.Model`.
        tree: Its `LayerTree`.

    Returns:
        Tuple of the list of `SymbolicCall`s, the list of the outputs' symbolic
        tensors and that of the inputs'; `None` where the pass cannot run on
        symbolic tensors.
    """
    containers = [
        layer
        for _, layer in tree.below
        if isinstance(layer, keras.Model)
        or (tree.sublayers(layer) and not is_keras_layer(layer))
    ]
    for args, kwargs in _arguments(model):
        try:
            calls, outputs = symbolic_calls(model, containers, args, kwargs)
        except Exception:
            # Code of the user's own that cannot run on symbolic tensors, or
            # not on these: the caller does without a graph.
            continue
        # A model whose code needs numbers is one closed call.
        if [one.operation for one in calls] != [model]:
            tensors = keras.tree.flatten((args, kwargs))
            inputs = [t for t in tensors if isinstance(t, keras.KerasTensor)]
            return calls, outputs, inputs
    return None


def _arguments(model):
    training = {"training": True} if takes_training(model) else {}
    graph = graph_of(model)
    given = signatures(model) if graph is None else [((graph.input,), {})]
    fresh = [keras.tree.map_structure(_of_any_size, one) for one in given]
    return [(args, kwargs | training) for args, kwargs in fresh]


def _of_any_size(tensor):
    """Returns a new symbolic tensor like `tensor`, of any number of rows."""
    return keras.KerasTensor((None, *tensor.shape[1:]), dtype=tensor.dtype)
