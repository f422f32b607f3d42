"""Cutting a graph of layers before its last ones."""

import keras

from keras_trainkit.kernels.argument_checks import bad_value


def graph_layers(model):
    """Returns `model.layers` without the InputLayers."""
    return [
        layer
        for layer in model.layers
        if not isinstance(layer, keras.layers.InputLayer)
    ]


def cut(model, drop, clone_function):
    """Runs a functional model's graph anew and cuts off its last layers.

    Args:
        model: A functional model with one output.
        drop: How many of `graph_layers(model)` are cut off at the end,
            together with the operations behind them.
        clone_function: What stands for a layer, called with the layer.

    Returns:
        Tuple of the new graph's inputs, structured as `model.input`, and the
        tensor at the cut.

    Raises:
        ValueError: If more than one tensor crosses the cut.
    """
    layers = graph_layers(model)
    dropped = layers[len(layers) - drop :]
    # Layers know only their first call; running the graph tells every call.
    nodes = []

    def record(operation, *args, **kwargs):
        outputs = operation(*args, **kwargs)
        nodes.append((operation, _tensors((args, kwargs)), _tensors(outputs)))
        return outputs

    # A model over the same tensors: clone_model would compile the other anew.
    bare = keras.Model(model.input, model.output, name=model.name)
    copy = keras.models.clone_model(
        bare, clone_function=clone_function, call_function=record
    )
    if not drop:
        return copy.input, copy.outputs[0]
    crossing = _crossing(nodes, {id(clone_function(one)) for one in dropped})
    if len(crossing) != 1:
        raise bad_value(
            "drop",
            drop,
            "such that one tensor leads from the layers kept to the last ones",
            f"{len(crossing)} do before {dropped[0].name!r}. Drop fewer or "
            f"more of the last layers: {[one.name for one in layers[-10:]]}.",
        )
    return copy.input, crossing[0]


def _crossing(nodes, dropped):
    behind, crossing = set(), {}
    for operation, inputs, outputs in nodes:
        cut_off = id(operation) in dropped
        if cut_off or any(id(tensor) in behind for tensor in inputs):
            behind.update(id(tensor) for tensor in outputs)
            crossing.update((id(tensor), tensor) for tensor in inputs)
    return [one for key, one in crossing.items() if key not in behind]


def _tensors(structure):
    return [
        leaf
        for leaf in keras.tree.flatten(structure)
        if isinstance(leaf, keras.KerasTensor)
    ]
