"""Where the head of a model begins: the tensors that lead to it."""

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import is_integer
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.models.graph import Steps
from keras_trainkit.models.graph import graph_layers
from keras_trainkit.models.graph import tensors_before

HEAD = "head"


def last_layers(model, drop):
    """Returns the last layers of a model with one output.

    Args:
        model: A Sequential or functional model.
        drop: How many, InputLayers not counted, or `"head"`: all behind the
            last layer that makes vectors of maps or sequences; where none
            does, the last layer with weights and all behind it.

    Raises:
        TypeError: If `drop` is neither an integer nor a string.
        ValueError: If `drop` is out of range, no layer with weights is left,
            or the head lies inside of a nested model.
    """
    layers = graph_layers(model)
    if drop == HEAD and not is_integer(drop):
        drop = len(layers) - _head_start(model, layers)
    _check(model, layers, drop)
    return layers[len(layers) - drop :]


def cut_before(model, layers, drop):
    """Returns the one tensor that leads to the last `layers` of a model."""
    crossing = tensors_before(model, layers)
    if len(crossing) != 1:
        last = [one.name for one in graph_layers(model)[-10:]]
        raise bad_value(
            "drop",
            drop,
            "such that one tensor leads from the layers kept to the last ones",
            f"{len(crossing)} do before {layers[0].name!r}. Drop fewer or "
            f"more of the last layers: {last}.",
        )
    return crossing[0]


def cut_before_output(model, index, drop):
    """Returns what leads to the last layers in front of one of the outputs.

    Args:
        model: A functional model with several outputs.
        index: Which output.
        drop: As for `last_layers`; counted on the way to this output.

    Returns:
        Tuple of the tensor and the layers behind it, the last one first.
    """
    graph = Steps(model, open_nested=False)
    maker = {ref: step for step in graph.steps for ref in step.outputs}
    readers = [ref for step in graph.steps for ref in step.inputs]
    readers += graph.outputs
    ref, dropped = graph.outputs[index], []
    name = model.output_names[index]
    while not _enough(dropped, drop):
        step = maker[ref]
        alone = readers.count(ref) == 1 and len(step.inputs) == 1
        if not alone or step.node is None:
            raise bad_value(
                "drop",
                drop,
                f"such that the layers dropped lead to the output {name!r} "
                "alone, one after the other",
                f"On its way are {[one.name for one in dropped]} alone.",
            )
        if step.layers:
            dropped.append(step.operation)
        (ref,) = step.inputs
    specs = {
        one: spec
        for step in graph.steps
        for one, spec in zip(step.outputs, step.specs, strict=False)
    }
    return specs[ref], dropped


def _enough(dropped, drop):
    if is_integer(drop):
        return len(dropped) >= drop
    return any(layer.weights for layer in dropped)


def _head_start(model, layers):
    """Returns the index in `layers` of the first layer of the head."""
    places = {id(layer): place for place, layer in enumerate(layers)}
    with_weights = [i for i, layer in enumerate(layers) if layer.weights]
    if not with_weights:
        raise bad_value(
            "drop", HEAD, "an int where no layer of the model has weights"
        )
    vectors = [
        places[id(step.operation)] + 1
        for step in _steps_to_vectors(model)
        if id(step.operation) in places
    ]
    starts = [start for start in vectors if start <= with_weights[-1]]
    start = max(starts, default=with_weights[-1])
    if start == 0:
        raise bad_value(
            "drop",
            HEAD,
            "an int where no layer with weights comes before the head",
            "A nested model counts as one layer; replace the head of "
            f"{layers[0].name!r} if that is one.",
        )
    return start


def _steps_to_vectors(model):
    """Returns the steps that make vectors of maps or sequences."""
    graph = Steps(model, open_nested=False)
    ranks = {
        ref: len(spec.shape)
        for step in graph.steps
        for ref, spec in zip(step.outputs, step.specs, strict=False)
    }
    return [
        step
        for step in graph.steps
        if step.node is not None
        and all(ranks.get(ref) == 2 for ref in step.outputs)
        and any(ranks.get(ref, 0) > 2 for ref in step.inputs)
    ]


def _check(model, layers, drop):
    if isinstance(drop, str):
        raise bad_value("drop", drop, f"an integer or {HEAD!r}")
    if not is_integer(drop):
        raise bad_type("drop", drop, f"an integer or {HEAD!r}")
    require_integer("drop", drop, least=0)
    if drop >= len(layers):
        raise bad_value(
            "drop", drop, f"less than {len(layers)}, the number of layers"
        )
    kept = layers[: len(layers) - drop]
    if model.weights and not any(layer.weights for layer in kept):
        raise bad_value(
            "drop",
            drop,
            "such that a layer with weights is kept",
            "A nested model counts as one layer; replace the head of "
            f"{layers[-1].name!r} if that is one.",
        )
