"""The graph of a model as one flat list of steps, nested models opened."""

import dataclasses
import itertools
import weakref
from collections.abc import Callable

import keras
from keras.src.backend import get_keras_mask
from keras.src.backend import set_keras_mask
from keras.src.models.functional import operation_fn
from keras.src.models.functional import unpack_singleton

from keras_trainkit.models.forward_order import is_graph


@dataclasses.dataclass(eq=False)
class Step:
    """One operation of the graph.

    Attributes:
        run: Callable from a list of input values to a list of output values.
        inputs: References to the values that it reads.
        outputs: References to those that it makes.
        operation: The `keras.Operation`, or `None` for what a model does at
            its entry and exit.
        node: The operation's node in the graph, or `None`.
        specs: The symbolic tensors that the outputs stand for, or `[]`.
    """

    run: Callable
    inputs: list
    outputs: list
    operation: object = None
    node: object = None
    specs: tuple = ()


class Steps:
    """The steps of a model; its input is the reference 0.

    A model that is not a graph of layers is one step.

    Attributes:
        steps: List of `Step`s in an order in which they can run.
        outputs: References to the model's outputs, flat.
        structure: The model's outputs with references in place of tensors,
            or `None` where only a run shows the structure.
    """

    def __init__(self, model):
        self._fresh = itertools.count()
        source = next(self._fresh)
        self.steps = []
        graph = graph_of(model)
        if graph is None:
            self.outputs = [next(self._fresh)]
            self.structure = None
            self.steps.append(_whole(model, source, self.outputs))
            return
        made = self._open(model, graph, _given, [source])
        self.outputs = [made[id(tensor)] for tensor in graph.outputs]
        # As Functional.call does, keras/src/models/functional.py.
        self.structure = unpack_singleton(
            keras.tree.pack_sequence_as(graph._outputs_struct, self.outputs)
        )

    def _open(self, model, graph, arguments, sources):
        """Adds the steps of `graph`; returns `{id(tensor): reference}`."""
        made = {id(tensor): next(self._fresh) for tensor in graph.inputs}
        entry = _entry(model, graph, arguments)
        self.steps.append(
            Step(entry, sources, list(made.values()), specs=graph.inputs)
        )
        for node in _nodes(graph):
            if any(id(tensor) not in made for tensor in node.input_tensors):
                continue  # Function._run_through_graph leaves it out, too.
            inputs = [made[id(tensor)] for tensor in node.input_tensors]
            inner = graph_of(node.operation)
            made.update((id(t), next(self._fresh)) for t in node.outputs)
            outputs = [made[id(tensor)] for tensor in node.outputs]
            if inner is None:
                self.steps.append(_called(node, inputs, outputs))
            else:
                self._nest(node, inner, inputs, outputs)
        return made

    def _nest(self, node, graph, inputs, outputs):
        model = node.operation
        made = self._open(model, graph, _filled_in(node), inputs)
        results = [made[id(tensor)] for tensor in graph.outputs]
        leave = _exit(node, len(inputs))
        self.steps.append(
            Step(leave, [*inputs, *results], outputs, specs=node.outputs)
        )


def graph_of(operation):
    """Returns the graph that `operation` runs, or `None` if it has none."""
    if not isinstance(operation, keras.Model) or not is_graph(operation):
        return None
    if isinstance(operation, keras.Sequential):
        # keras/src/models/sequential.py; None where layers with several
        # outputs, or no known input, made a graph impossible.
        return operation._functional
    return operation


def run(steps, values):
    """Runs `steps`; `values` holds theirs by reference and gets the new."""
    for step in steps:
        results = step.run([values[ref] for ref in step.inputs])
        values.update(zip(step.outputs, results, strict=True))


def _nodes(graph):
    # Function._run_through_graph, keras/src/ops/function.py
    depths = sorted(graph._nodes_by_depth, reverse=True)
    nodes = [n for depth in depths for n in graph._nodes_by_depth[depth]]
    return [n for n in nodes if n.operation and not n.is_input]


def _called(node, inputs, outputs):
    call = operation_fn(node.operation, training=False)
    arguments = _filled_in(node)

    def run_node(values):
        args, kwargs = arguments(values)
        return keras.tree.flatten(call(*args, **kwargs))

    return Step(
        run_node, inputs, outputs, node.operation, node, tuple(node.outputs)
    )


def _given(values):
    return tuple(values), {}


def _filled_in(node):
    ids = [id(tensor) for tensor in node.input_tensors]

    def arguments(values):
        return node.arguments.fill_in(dict(zip(ids, values, strict=True)))

    return arguments


def _entry(model, graph, arguments):
    """What `Layer.__call__` and `Functional.call` do to the inputs."""
    # Weakly: what is compiled for a model is kept for as long as it lives. The
    # graph of a Sequential model does not refer to it.
    graph = weakref.proxy(graph) if graph is model else graph
    model = weakref.proxy(model)

    def enter(values):
        args, kwargs = arguments(values)
        inputs = args[0] if args else kwargs["inputs"]
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


def _exit(node, count):
    """What `Layer.__call__` does to the outputs of a nested model."""
    model, arguments = node.operation, _filled_in(node)

    def leave(values):
        args, kwargs = arguments(values[:count])
        inputs = args[0] if args else kwargs["inputs"]
        outputs = values[count:]
        previous = keras.tree.map_structure(get_keras_mask, inputs)
        if model.supports_masking and any(
            mask is not None for mask in keras.tree.flatten(previous)
        ):
            model._set_mask_metadata(inputs, outputs, previous)
        return outputs

    return leave


def _whole(model, source, outputs):
    model = weakref.proxy(model)

    def run_model(values):
        return [model(values[0], training=False)]

    return Step(run_model, [source], outputs)
