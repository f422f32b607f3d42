"""Which layers make what a model returns."""

import keras

from keras_trainkit.models.graph import Steps
from keras_trainkit.models.graph import graph_of
from keras_trainkit.models.last_layers import counted_groups
from keras_trainkit.models.traced_calls import traced_calls


def output_layers(tree):
    """Returns the ids of the layers whose units are those of an output.

    They are the layers with kernels that no other such layer comes after, on
    a way to an output. Where a subclassed model does not run on symbolic
    tensors, so that the ways are unknown, it is the last one in forward order.

    Args:
        tree: The `LayerTree` of a built `keras.Model`.

    Returns:
        Set of the ids of these layers and of all layers in them.

    Raises:
        ValueError: If the forward order of a subclassed model is unknown.
    """
    if graph_of(tree.model) is not None:
        found = _in_graph(tree.model)
    else:
        found = _in_calls(tree) or counted_groups(tree)[-1]
    return {id(one) for layer in found for one in (layer, *tree.inside(layer))}


def _in_graph(model):
    graph = Steps(model)
    # What is read for a mask only comes first.
    makers = {
        ref: (step.operation, step.inputs[step.for_masks :])
        for step in graph.steps
        for ref in step.outputs
    }
    return _last_with_kernels(makers, graph.outputs)


def _in_calls(tree):
    traced = traced_calls(tree.model, tree)
    if traced is None:
        return []
    calls, outputs, _ = traced
    makers = {
        id(tensor): (call.operation, [*map(id, call.inputs)])
        for call in calls
        for tensor in call.outputs
    }
    return _last_with_kernels(makers, map(id, outputs))


def _last_with_kernels(makers, outputs):
    """Returns the first layers with kernels on each way back from outputs.

    Args:
        makers: `{tensor: (operation, the tensors that it reads)}`.
        outputs: The tensors to begin with.
    """
    found, visited, front = [], set(), list(outputs)
    while front:
        tensor = front.pop()
        if tensor in visited or tensor not in makers:
            continue
        visited.add(tensor)
        operation, inputs = makers[tensor]
        if _has_kernels(operation):
            found.append(operation)
        else:
            front += inputs
    return found


def _has_kernels(operation):
    return isinstance(operation, keras.Layer) and any(
        len(weight.shape) > 1 for weight in operation.weights
    )
