"""Which layers make what a model returns."""

import keras

from keras_trainkit.models.graph import Steps
from keras_trainkit.models.graph import graph_of
from keras_trainkit.models.last_layers import counted_groups


def output_layers(tree):
    """Returns the ids of the layers whose units are those of an output.

    In a graph they are the layers with kernels that no other such layer comes
    after, on a way to an output; elsewhere the last one in forward order.

    Args:
        tree: The `LayerTree` of a built `keras.Model`.

    Returns:
        Set of the ids of these layers and of all layers in them.

    Raises:
        ValueError: If the forward order of a subclassed model is unknown.
    """
    if graph_of(tree.model) is None:
        found = counted_groups(tree)[-1]
    else:
        found = _before_outputs(Steps(tree.model))
    return {id(one) for layer in found for one in (layer, *tree.inside(layer))}


def _before_outputs(graph):
    makers = {ref: step for step in graph.steps for ref in step.outputs}
    found, visited, front = [], set(), list(graph.outputs)
    while front:
        ref = front.pop()
        step = makers.get(ref)
        if step is None or ref in visited:
            continue
        visited.add(ref)
        if _has_kernels(step.operation):
            found.append(step.operation)
        else:
            # What is read for a mask only comes first.
            front += step.inputs[step.for_masks :]
    return found


def _has_kernels(operation):
    return isinstance(operation, keras.Layer) and any(
        len(weight.shape) > 1 for weight in operation.weights
    )
