"""A new head for a model that was trained on another task."""

import keras

from keras_trainkit.backend.model.graph_nodes import structured_outputs
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.models.copies import LayerCopies
from keras_trainkit.models.forward_order import is_graph
from keras_trainkit.models.graph import graph_layers
from keras_trainkit.models.graph import graph_of
from keras_trainkit.models.paths import walk
from keras_trainkit.transfer.head_cut import HEAD
from keras_trainkit.transfer.head_cut import cut_before
from keras_trainkit.transfer.head_cut import cut_before_output
from keras_trainkit.transfer.head_cut import last_layers


def replace_head(model, head, drop=1, copy=True):
    """Returns a model that ends in `head` instead of its last layers.

    The first step of transfer learning: the layers that were trained are
    kept with their weights, statistics, trainable flags, dtypes and
    constraints, the last ones are replaced by layers for the new task. The
    new model is not compiled; `callbacks.FineTuning` trains the head first.

    Args:
        model: A Sequential or functional model, KerasHub's tasks included
            (what comes back takes what their `preprocessor` returns).
        head: A layer, a list of layers, or a model, used as it is, not
            copied. For several outputs a dictionary of these: of a model with
            one output, all of them begin where its head began; of a model
            with several outputs, which the keys (its `output_names`) name,
            each replaces its own last layers, and outputs that are not named
            stay as they are. A list or tuple with a head or `None` for each
            output will do there, too.
        drop: How many layers to leave out at the end of `model.layers`
            (InputLayers are not counted), with the operations behind them.
            A nested model counts as one layer; to change the head inside of
            it, replace the nested model's. 0 adds `head` to the end.
            `"head"` leaves out the whole head: all behind the last pooling,
            `Flatten` or other layer that makes vectors of maps or sequences,
            such as the three `Dense` layers of VGG16; without such a layer,
            the last layer with weights and all behind it. Of several outputs,
            layers are counted on the way to each, and `"head"` means the last
            with weights and what is behind it. Defaults to 1.
        copy: If true, the kept layers are copies: training the new model
            leaves `model` as it is. If false, both models share them.
            Defaults to `True`.

    Returns:
        A `keras.Sequential` for a Sequential model with one new head, else a
        functional one, with the inputs and the name of `model`. Several
        outputs come as the dictionary, or as the model has returned them.

    Raises:
        TypeError: If `model` is subclassed, `head` is made of anything but
            layers, `drop` is neither an integer nor `"head"`, or `copy` no
            Boolean.
        ValueError: If `drop` leaves no layer, or none of those with
            weights; if more than one tensor leads to the dropped layers, or
            one of them leads to another output; if `head` names no output of
            a model that has several; if `drop="head"` and the new output has
            another rank than the old; if a layer of `head` belongs to
            `model` or is named like a layer that is kept; if a Sequential
            that is not built is to be cut by `drop="head"`, or to get several
            outputs.

    Example:

    >>> trained = keras.Sequential(
    ...     [
    ...         keras.Input((8, 8, 1)),
    ...         keras.layers.Conv2D(3, 3, name="conv"),
    ...         keras.layers.Flatten(name="flat"),
    ...         keras.layers.Dense(10, name="hidden"),
    ...         keras.layers.Dense(10, name="old"),
    ...     ]
    ... )
    >>> model = ktk.transfer.replace_head(
    ...     trained, keras.layers.Dense(2, name="new")
    ... )
    >>> [layer.name for layer in model.layers], model.output_shape
    (['conv', 'flat', 'hidden', 'new'], (None, 2))
    >>> model = ktk.transfer.replace_head(
    ...     trained,
    ...     {
    ...         "digit": keras.layers.Dense(10, name="digit"),
    ...         "width": [
    ...             keras.layers.Dense(4, name="width_hidden"),
    ...             keras.layers.Dense(1, name="width"),
    ...         ],
    ...     },
    ...     drop="head",
    ... )
    >>> list(model.output_names), model.output_shape
    (['digit', 'width'], [(None, 10), (None, 1)])

    Reference:

    - [Yosinski et al., 2014](https://arxiv.org/abs/1411.1792)
    """
    _check_model(model)
    if not isinstance(copy, bool):
        raise bad_type("copy", copy, "True or False")
    if isinstance(head, dict) or (drop == HEAD and not model.weights):
        _check_built(model)
    if _output_count(model) > 1:
        return _of_several_outputs(model, head, drop, copy)
    dropped = last_layers(model, drop)
    if drop == HEAD:
        _check_built(model)
    heads = head if isinstance(head, dict) else {None: head}
    heads = {name: _layers_of(one) for name, one in heads.items()}
    _check_head(model, heads, dropped)
    if drop == HEAD:
        cut = cut_before(model, dropped, drop)
        for layers in heads.values():
            _check_rank(model, layers, _shape_behind(layers, cut.shape))
    if isinstance(model, keras.Sequential) and None in heads:
        new = _sequential(model, heads[None], dropped, copy)
    else:
        new = _functional(model, heads, dropped, drop, copy)
    if drop == HEAD:
        for tensor in new.outputs:
            _check_rank(model, graph_layers(new)[-5:], tensor.shape)
    return new


def _sequential(model, head, dropped, copy):
    copies = LayerCopies()
    kept = model.layers[: len(model.layers) - len(dropped)]
    layers = [copies(layer) for layer in kept] if copy else kept
    start = []
    if hasattr(model, "inputs"):  # else its shape is not known yet
        (tensor,) = model.inputs
        start = [keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype)]
    new = keras.Sequential([*start, *layers, *head], name=model.name)
    copies.carry_state()
    return new


def _functional(model, heads, dropped, drop, copy):
    cut = cut_before(model, dropped, drop)
    inputs, (kept,) = _kept(model, [cut], copy)
    outputs = {name: _through(layers, kept) for name, layers in heads.items()}
    if None in outputs:
        outputs = outputs[None]
    return keras.Model(inputs, outputs, name=model.name)


def _of_several_outputs(model, head, drop, copy):
    named = _by_output(model, head)
    places = {name: i for i, name in enumerate(model.output_names)}
    cuts = list(graph_of(model).outputs)
    dropped = []
    for name in named:
        cut, layers = cut_before_output(model, places[name], drop)
        cuts[places[name]] = cut
        dropped += layers
    heads = {name: _layers_of(one) for name, one in named.items()}
    _check_head(model, heads, dropped)
    inputs, tensors = _kept(model, cuts, copy)
    for name, layers in heads.items():
        tensors[places[name]] = _through(layers, tensors[places[name]])
    outputs = structured_outputs(graph_of(model), tensors)
    return keras.Model(inputs, outputs, name=model.name)


def _kept(model, cuts, copy):
    """Returns the inputs, and what leads to the new heads."""
    # A model over the same tensors: clone_model would compile the other anew.
    kept = keras.Model(graph_of(model).input, cuts, name=model.name)
    if copy:
        copies = LayerCopies()
        kept = keras.models.clone_model(kept, clone_function=copies)
        copies.carry_state()
    return kept.input, list(kept.outputs)


def _through(layers, tensor):
    for layer in layers:
        tensor = layer(tensor)
    return tensor


def _by_output(model, head):
    """Returns the new heads as a dictionary by the name of the output."""
    names = model.output_names
    if isinstance(head, (list, tuple)) and len(head) == len(names):
        pairs = zip(names, head, strict=True)
        head = {name: one for name, one in pairs if one is not None}
    if not isinstance(head, dict) or not head:
        raise bad_value(
            "head",
            head,
            f"a dictionary, or a list of {len(names)}, with a head for each "
            f"output of a model that has several: {names}",
        )
    unknown = [name for name in head if name not in names]
    if unknown:
        raise bad_value(
            "head", unknown, f"given for outputs of the model: {names}"
        )
    return head


def _layers_of(head):
    layers = list(head) if isinstance(head, (list, tuple)) else [head]
    if not layers or not all(isinstance(one, keras.Layer) for one in layers):
        raise bad_type("head", head, "a layer, a list of layers, or a model")
    return layers


def _output_count(model):
    # Whoever has no graph yet is a Sequential, with one output.
    graph = graph_of(model)
    return 1 if graph is None else len(graph.outputs)


def _check_model(model):
    graph = isinstance(model, keras.Model) and is_graph(model)
    if not graph:
        raise bad_type(
            "model",
            model,
            "a Sequential or functional model",
            "What a subclassed model calls is written in its `call`: assign "
            "a new layer to its attribute before it is built, or build a "
            "functional model from its parts.",
        )


def _check_built(model):
    if graph_of(model) is None:
        raise bad_value(
            "model",
            model.name,
            "built where `drop='head'` or several outputs need its shapes",
            "Begin it with a `keras.Input`, or call its `build`.",
        )


def _check_head(model, heads, dropped):
    new = [layer for layers in heads.values() for layer in layers]
    if not heads:
        raise bad_type("head", {}, "a layer, a list of layers, or a model")
    own = {id(model), *(id(layer) for _, layer in walk(model))}
    if any(id(layer) in own for layer in new):
        raise bad_value(
            "head", new, "made of layers that `model` does not hold"
        )
    gone = {id(layer) for layer in dropped}
    kept = [one for one in graph_layers(model) if id(one) not in gone]
    taken = [one.name for one in kept + new]
    double = sorted({name for name in taken if taken.count(name) > 1})
    if double:
        raise bad_value(
            "head",
            [layer.name for layer in new],
            f"named unlike each other and the layers kept, not {double}",
            "Pass `name=` to the layers of the head.",
        )


def _shape_behind(layers, shape):
    """Returns a shape behind layers not yet built, or `None` if unknown."""
    for layer in layers:
        try:
            shape = layer.compute_output_shape(shape)
        except (AttributeError, NotImplementedError, TypeError, ValueError):
            return None  # It is looked at again when the layers are built.
        if not isinstance(shape, (list, tuple)):
            return None
    several = any(isinstance(one, (list, tuple)) for one in shape)
    return None if several else shape


def _check_rank(model, layers, shape):
    rank = len(graph_of(model).outputs[0].shape)
    if shape is not None and len(shape) != rank:
        raise bad_value(
            "head",
            [layer.name for layer in layers],
            f"such that an output has {rank} axes, as the model's",
            f"It has the shape {tuple(shape)}. Begin with `Flatten` or a "
            "pooling layer.",
        )
