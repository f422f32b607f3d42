"""Which batch normalisation rescales the units of which layer."""

import keras

from keras_trainkit.models.graph import Steps
from keras_trainkit.models.graph import graph_of


def normalizations_of(model):
    """Returns the layers that normalise the units of one layer alone.

    What lies between the two may reorder nothing and join nothing: it has one
    input. A sum of branches belongs to none of them.

    Args:
        model: A built `keras.Model`; without a graph there are none.

    Returns:
        `{id(layer): list of BatchNormalization}`.
    """
    if graph_of(model) is None:
        return {}
    steps = Steps(model).steps
    makers = {ref: step for step in steps for ref in step.outputs}
    before = {}
    for step in steps:
        layer = step.operation
        if type(layer) is keras.layers.BatchNormalization:
            layer_before = _layer_before(step, makers)
            before.setdefault(id(layer), (layer, []))[1].append(layer_before)
    found = {}
    for layer, layers in before.values():
        if len({id(one) for one in layers}) == 1 and layers[0] is not None:
            found.setdefault(id(layers[0]), []).append(layer)
    return found


def _layer_before(step, makers):
    while step is not None:
        inputs = set(step.inputs[step.for_masks :])
        step = makers.get(inputs.pop()) if len(inputs) == 1 else None
        if step is not None and getattr(step.operation, "weights", ()):
            return step.operation
    return None
