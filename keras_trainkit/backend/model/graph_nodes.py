"""The nodes of a graph of layers, and what Keras does around them.

keras/src/ops/function.py and keras/src/models/functional.py run a graph by
these steps, one node after the other; nothing public does.
"""

import weakref

import keras
from keras.src.backend.common.masking import get_keras_mask
from keras.src.backend.common.masking import set_keras_mask
from keras.src.models.functional import unpack_singleton


def functional_of(sequential):
    """Returns the graph of a `Sequential` model, or `None` if it has none.

    It has none where a layer with several outputs, or an unknown input, made
    one impossible (keras/src/models/sequential.py).
    """
    return sequential._functional


def nodes_of(graph):
    """Returns the nodes of `graph`, inputs left out, in the order they run.

    Each has an `operation`, `input_tensors` and `outputs`.
    """
    # Function._run_through_graph, keras/src/ops/function.py
    depths = sorted(graph._nodes_by_depth, reverse=True)
    nodes = [n for depth in depths for n in graph._nodes_by_depth[depth]]
    return [n for n in nodes if n.operation and not n.is_input]


def arguments_of(node):
    """Returns a callable from a node's input values to `(args, kwargs)`."""
    ids = [id(tensor) for tensor in node.input_tensors]

    def arguments(values):
        return node.arguments.fill_in(dict(zip(ids, values, strict=True)))

    return arguments


def structured_outputs(graph, values):
    """Returns `values`, one for each output, as `graph` returns them."""
    # As Functional.call does, keras/src/models/functional.py.
    return unpack_singleton(
        keras.tree.pack_sequence_as(graph._outputs_struct, values)
    )


def entry_of(model, graph):
    """Returns what `Layer.__call__` and `Functional.call` do to the inputs.

    Args:
        model: A model whose forward pass is `graph`; a `Sequential` one is
            not its own.
        graph: A `keras.Model` with nodes.

    Returns:
        Callable from the arguments of the model's call, `(args, kwargs)`, to
        a list of the values of `graph.inputs`.
    """
    # Weakly: what is compiled for a model is kept for as long as it lives. The
    # graph of a Sequential model does not refer to it.
    graph = weakref.proxy(graph) if graph is model else graph
    model = weakref.proxy(model)

    def enter(args, kwargs):
        inputs = _inputs(args, kwargs)
        masks = kwargs.get("mask")
        if masks is None:
            masks = keras.tree.map_structure(get_keras_mask, inputs)
        if model._convert_input_args:
            inputs = keras.tree.map_structure(
                lambda x: model.dtype_policy.convert_input(
                    x, model.autocast, model.input_dtype
                ),
                inputs,
            )
        model._assert_input_compatibility(inputs)
        flat = graph._standardize_inputs(inputs)
        masks = keras.tree.flatten(masks)
        for tensor, mask in zip(flat, masks, strict=False):
            if mask is not None:
                set_keras_mask(tensor, mask)
        return flat

    return enter


def symbolic_entry_of(graph):
    """Returns what `entry_of` does, for symbolic tensors.

    `Functional._standardize_inputs`: keras/src/models/functional.py
    """
    struct, inputs = graph.input, graph.inputs

    def enter(args, kwargs):
        given = _inputs(args, kwargs)
        if isinstance(given, dict) and not isinstance(struct, dict):
            given = [given[tensor.name] for tensor in inputs]
        flat = keras.tree.flatten(given)
        return [_fitted(x, to) for x, to in zip(flat, inputs, strict=True)]

    return enter


def _fitted(tensor, to):
    if len(tensor.shape) == len(to.shape) + 1:
        tensor = keras.ops.squeeze(tensor, axis=-1)
    elif len(tensor.shape) == len(to.shape) - 1:
        tensor = keras.ops.expand_dims(tensor, axis=-1)
    if tensor.dtype != to.dtype:
        tensor = keras.ops.cast(tensor, to.dtype)
    return tensor


def exit_of(model):
    """Returns what `Layer.__call__` does to the outputs of a nested model.

    Returns:
        Callable from the arguments of the model's call, `(args, kwargs)`, and
        the list of its outputs to that list, with masks set.
    """

    def leave(args, kwargs, outputs):
        inputs = _inputs(args, kwargs)
        previous = keras.tree.map_structure(get_keras_mask, inputs)
        if model.supports_masking and any(
            mask is not None for mask in keras.tree.flatten(previous)
        ):
            model._set_mask_metadata(inputs, outputs, previous)
        return outputs

    return leave


def mask_of(value):
    """Returns the mask that came with a tensor, or `None`."""
    return get_keras_mask(value) if keras.ops.is_tensor(value) else None


def symbolic_mask(tensor):
    """Returns the mask that comes with a symbolic tensor, or `None`."""
    return get_keras_mask(tensor)


def maker_of(tensor):
    """Returns the operation that made a symbolic tensor.

    `_keras_history`: keras/src/models/functional.py names outputs by it.
    """
    return tensor._keras_history.operation


def node_of(tensor):
    """Returns the node that made a symbolic tensor, or `None`.

    `_keras_history`, `_inbound_nodes`: keras/src/ops/node.py
    """
    history = getattr(tensor, "_keras_history", None)
    if history is None:
        return None
    return history.operation._inbound_nodes[history.node_index]


def reads(operation, tensor):
    """Whether a call of `operation` in a graph reads a symbolic tensor.

    `_inbound_nodes`: keras/src/ops/operation.py
    """
    return any(
        any(one is tensor for one in node.input_tensors)
        for node in operation._inbound_nodes
    )


def set_mask(value, mask):
    """Makes `mask` the one that comes with a tensor."""
    set_keras_mask(value, mask)


def _inputs(args, kwargs):
    return args[0] if args else kwargs["inputs"]


def is_in_graph(layer):
    """Whether a layer was called on symbolic tensors of a graph.

    `_inbound_nodes`: keras/src/ops/operation.py
    """
    return bool(layer._inbound_nodes)
