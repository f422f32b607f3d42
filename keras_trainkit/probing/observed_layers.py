"""Which layers and operations of a model are looked at, and their names."""

import keras

from keras_trainkit.backend.model.keras_kinds import is_keras_layer
from keras_trainkit.models.forward_order import is_graph
from keras_trainkit.models.graph import Steps
from keras_trainkit.models.kinds import activation_of
from keras_trainkit.models.kinds import core_of
from keras_trainkit.models.layer_tree import LayerTree


def observed_layers(model):
    """Returns `{path: layer}` of all that makes values worth a look.

    Models are opened, and so are layers of the user's own that hold others;
    a layer of Keras is one layer, for what it holds may run in a loop. A
    graph of layers has no values beside theirs. Operations such as
    `keras.ops.relu` in a graph count, by their names.

    Args:
        model: A built `keras.Model`.
    """
    tree, closed, found = LayerTree(model), [], {}
    for path, layer in tree.below:
        if any(path.startswith(f"{one}/") for one in closed):
            continue
        if is_keras_layer(layer):
            closed.append(path)
        if not (isinstance(layer, keras.Model) and is_graph(layer)):
            found[tree.paths[id(layer)]] = layer
    for operation in _operations(model):
        found.setdefault(operation.name, operation)
    if not is_graph(model):
        found[model.name] = model
    return found


def dead_at_zero(layer):
    """Whether `layer` has an activation whose slope is 0 where it is 0."""
    layer = core_of(layer)
    if isinstance(layer, keras.layers.ReLU):
        return not (layer.negative_slope or layer.threshold)
    return _activation(layer) in _DEAD_AT_ZERO


def bounds(layer):
    """Returns the bounds that the activation of `layer` flattens out to.

    `None` where it has none.
    """
    return _BOUNDS.get(_activation(core_of(layer)))


def unit_axis(layer):
    """Returns the axis of the outputs of `layer` along which units lie."""
    layer = core_of(layer)
    first = getattr(layer, "data_format", None) == "channels_first"
    return 1 if first else -1


_DEAD_AT_ZERO = ("relu", "relu6", "hard_silu", "hard_swish", "sparse_plus")
_DEAD_AT_ZERO += ("squared_relu",)
_BOUNDS = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "sparse_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
}


def _activation(layer):
    # The others go on computing after their activation.
    recurrent = isinstance(
        layer, (keras.layers.RNN, keras.layers.Bidirectional)
    )
    if recurrent and not isinstance(layer, keras.layers.SimpleRNN):
        return None
    return activation_of(layer)


def _operations(model):
    """Returns the operations in graphs that are no layers."""
    return [
        step.operation
        for step in Steps(model).steps
        if step.operation is not None
        and not isinstance(step.operation, keras.Layer)
    ]
