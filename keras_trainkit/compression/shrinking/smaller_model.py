"""A copy of a model with other layers where units go."""

import keras

from keras_trainkit.backend.devices.distribution import variable_scope
from keras_trainkit.backend.model.layers import all_layers
from keras_trainkit.models.copies import LayerCopies
from keras_trainkit.models.copies import carry_marks
from keras_trainkit.models.graph import graph_of


def smaller_model(model, dead):
    """Returns a copy of a model without the units that go.

    Args:
        model: The model.
        dead: Its `DeadUnits`.
    """
    found = {}
    for rule in dead.rules:
        if id(rule.layer) not in found:
            smaller = rule.smaller(dead.keep)
            if smaller is not None:
                found[id(rule.layer)] = (rule.layer, *smaller)
    with variable_scope(model):
        copies = LayerCopies(
            {key: new for key, (_, new, _) in found.items()},
            _inputs(model, dead) if found else None,
        )
        new = copies(model)
        copies.carry_state()
        for layer, instead, values in found.values():
            _carry(layer, instead, values)
    return new


def _inputs(model, dead):
    """Returns `{id(model): symbolic inputs}` of the graphs that are copied."""
    graphs = {}
    for one in all_layers(model):
        graph = graph_of(one)
        if graph is None or not _is_traced(graph, dead):
            continue
        graphs[id(one)] = keras.tree.map_structure(
            lambda tensor: _input_like(tensor, dead), graph.input
        )
    return graphs


def _is_traced(graph, dead):
    # Not one inside of a wrapper, such as TimeDistributed.
    return all(id(tensor) in dead.entries for tensor in graph.inputs)


def _input_like(tensor, dead):
    shape, units = list(tensor.shape), dead.entries[id(tensor)]
    if units is not None:
        shape[units.axis] = int(dead.keep(units, units.count).sum())
    return keras.Input(
        batch_shape=tuple(shape), dtype=tensor.dtype, name=tensor.name
    )


def _carry(layer, new, values):
    """Gives a smaller layer the state of the one it stands for."""
    new.trainable = layer.trainable
    for variable, value in zip(new.variables, values, strict=True):
        variable.assign(value)
    # The bias that holds what constants added may be new.
    for old, copy in zip(layer.variables, new.variables, strict=False):
        carry_marks(old, copy)
