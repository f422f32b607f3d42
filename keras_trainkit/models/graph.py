"""The graph of a model as one flat list of steps, and where it is cut."""

import dataclasses
import functools
import itertools
import weakref
from collections.abc import Callable

import keras

from keras_trainkit.backend.model.graph_nodes import arguments_of
from keras_trainkit.backend.model.graph_nodes import entry_of
from keras_trainkit.backend.model.graph_nodes import exit_of
from keras_trainkit.backend.model.graph_nodes import functional_of
from keras_trainkit.backend.model.graph_nodes import nodes_of
from keras_trainkit.backend.model.graph_nodes import structured_outputs
from keras_trainkit.backend.model.graph_nodes import symbolic_entry_of
from keras_trainkit.backend.model.layers import all_layers
from keras_trainkit.backend.model.training_flags import called_with
from keras_trainkit.backend.model.training_flags import flag_in_force
from keras_trainkit.models.forward_order import is_graph


@dataclasses.dataclass(eq=False)
class Step:
    """One operation of the graph.

    Attributes:
        run: Callable from a list of input values to a list of output values.
        call: The same for symbolic tensors, which extends their graph.
        inputs: References to the values that it reads.
        outputs: References to those that it makes.
        operation: The `keras.Operation`, or `None` for what a model does at
            its entry and exit.
        node: The operation's node in the graph, or `None`.
        specs: The symbolic tensors that the outputs stand for, or `()`.
        for_masks: How many of the first inputs are read for their masks only.
    """

    run: Callable
    call: Callable
    inputs: list
    outputs: list
    operation: object = None
    node: object = None
    specs: tuple = ()
    for_masks: int = 0

    @functools.cached_property
    def layers(self):
        """List of the operation and the layers in it; `[]` if it is none."""
        is_layer = isinstance(self.operation, keras.Layer)
        return all_layers(self.operation) if is_layer else []


class Steps:
    """The steps of a model; its input is the reference 0.

    A model that is not a graph of layers is one step.

    Args:
        model: A `keras.Model`.
        open_nested: Whether a model inside of it is opened, or a callable
            `model -> bool` that says so; else it is one step. Defaults to
            `True`.
        training: Whether the steps run in training mode. Defaults to `False`.
            What was called with a flag of its own, when the model was made,
            keeps that if the installed Keras says so.

    Attributes:
        steps: List of `Step`s in an order in which they can run.
        outputs: References to the model's outputs, flat.
        structure: The model's outputs with references in place of tensors,
            or `None` where only a run shows the structure.
    """

    def __init__(self, model, open_nested=True, training=False):
        self._fresh = itertools.count()
        self._open_nested = open_nested
        source = next(self._fresh)
        self.steps = []
        graph = graph_of(model)
        if graph is None:
            self.outputs = [next(self._fresh)]
            self.structure = None
            self.steps.append(_whole(model, source, self.outputs, training))
            return
        made = self._open(model, graph, _given, [source], training)
        self.outputs = [made[id(tensor)] for tensor in graph.outputs]
        self.structure = structured_outputs(graph, self.outputs)

    def _open(self, model, graph, arguments, sources, training):
        """Adds the steps of `graph`; returns `{id(tensor): reference}`."""
        made = {id(tensor): next(self._fresh) for tensor in graph.inputs}
        run, call = _entry(model, graph, arguments)
        self.steps.append(
            Step(run, call, sources, list(made.values()), specs=graph.inputs)
        )
        for node in nodes_of(graph):
            if any(id(tensor) not in made for tensor in node.input_tensors):
                continue  # Function._run_through_graph leaves it out, too.
            inputs = [made[id(tensor)] for tensor in node.input_tensors]
            inner = self._graph_inside(node.operation)
            flag = flag_in_force(node, training)
            made.update((id(t), next(self._fresh)) for t in node.outputs)
            outputs = [made[id(tensor)] for tensor in node.outputs]
            if inner is None:
                step = _called(node, inputs, outputs, flag)
                self.steps.append(step)
            else:
                self._nest(node, inner, inputs, outputs, flag)
        return made

    def _nest(self, node, graph, inputs, outputs, training):
        model, arguments = node.operation, arguments_of(node)
        made = self._open(model, graph, arguments, inputs, training)
        results = [made[id(tensor)] for tensor in graph.outputs]
        self.steps.append(
            Step(
                _exit(node),
                lambda values: values[len(inputs) :],
                [*inputs, *results],
                outputs,
                specs=node.outputs,
                for_masks=len(inputs),
            )
        )

    def _graph_inside(self, operation):
        graph, opens = graph_of(operation), self._open_nested
        if graph is not None and callable(opens):
            opens = opens(operation)
        return graph if opens else None


def graph_of(operation):
    """Returns the graph that `operation` runs, or `None` if it has none."""
    if not isinstance(operation, keras.Model) or not is_graph(operation):
        return None
    if isinstance(operation, keras.Sequential):
        return functional_of(operation)
    return operation


def graph_layers(model):
    """Returns `model.layers` without the InputLayers."""
    return [
        layer
        for layer in model.layers
        if not isinstance(layer, keras.layers.InputLayer)
    ]


def run(steps, values):
    """Runs `steps`; `values` holds theirs by reference and gets the new."""
    for step in steps:
        results = step.run([values[ref] for ref in step.inputs])
        values.update(zip(step.outputs, results, strict=True))


def split(steps, is_cut_off, outputs):
    """Cuts a graph in two: what comes before some steps, and all the rest.

    Args:
        steps: Sequence of steps in an order in which they can run; each has
            `inputs` and `outputs`, collections of references to values.
        is_cut_off: Callable `step -> bool`: it, and what depends on it, goes
            to the second part.
        outputs: The references to the values that the graph returns.

    Returns:
        Tuple `(head, tail, frontier)`: the steps that none of those comes
        before, and those that depend on one, both in their order and without
        those that no output needs; and the references that the tail and the
        outputs read of what is not in the tail, in the order of first use.
    """
    behind = reached(steps, is_cut_off)
    tail = [step for step in steps if behind.intersection(step.outputs)]
    tail = _needed(tail, outputs)
    made = {ref for step in tail for ref in step.outputs}
    read = [ref for step in tail for ref in step.inputs]
    frontier = list(
        dict.fromkeys(ref for ref in [*read, *outputs] if ref not in made)
    )
    in_tail = {id(step) for step in tail}
    head = [step for step in steps if id(step) not in in_tail]
    return _needed(head, frontier), tail, frontier


def reached(steps, starts, stops=lambda step: False):
    """Returns the references to all values that depend on some steps.

    Args:
        steps: As for `split`.
        starts: Callable `step -> bool`: what it makes, and what depends on
            that, is meant.
        stops: Callable `step -> bool`: what it makes does not depend on what
            it reads. Defaults to no step.

    Returns:
        Set of references.
    """
    found = set()
    for step in steps:
        passed_on = found.intersection(step.inputs) and not stops(step)
        if passed_on or starts(step):
            found.update(step.outputs)
    return found


def tensors_before(model, layers):
    """Returns the symbolic tensors that lead to some layers of a model.

    Args:
        model: A functional model. A nested model is one layer.
        layers: Layers of it. The operations behind them belong to them.

    Returns:
        List of tensors of the model's own graph that these layers, or the
        outputs, read of the others: without layers the outputs.
    """
    graph = Steps(model, open_nested=False)
    cut_off = {id(layer) for layer in layers}
    *_, frontier = split(
        graph.steps, lambda step: id(step.operation) in cut_off, graph.outputs
    )
    specs = {
        ref: spec
        for step in graph.steps
        for ref, spec in zip(step.outputs, step.specs, strict=True)
    }
    return [specs[ref] for ref in frontier]


def _needed(steps, wanted):
    wanted, kept = set(wanted), []
    for step in reversed(steps):
        if wanted.intersection(step.outputs):
            wanted.update(step.inputs)
            kept.append(step)
    return kept[::-1]


def _called(node, inputs, outputs, training):
    call = called_with(node.operation, training)
    arguments = arguments_of(node)

    def run_node(values):
        args, kwargs = arguments(values)
        return keras.tree.flatten(call(*args, **kwargs))

    def call_node(tensors):
        # As it was called when the model was made.
        args, kwargs = arguments(tensors)
        return keras.tree.flatten(node.operation(*args, **kwargs))

    return Step(
        run_node,
        call_node,
        inputs,
        outputs,
        node.operation,
        node,
        tuple(node.outputs),
    )


def _given(values):
    return tuple(values), {}


def _entry(model, graph, arguments):
    enter, enter_symbolically = entry_of(model, graph), symbolic_entry_of(graph)
    return (
        lambda values: enter(*arguments(values)),
        lambda tensors: enter_symbolically(*arguments(tensors)),
    )


def _exit(node):
    leave, arguments = exit_of(node.operation), arguments_of(node)
    count = len(node.input_tensors)

    def leave_node(values):
        return leave(*arguments(values[:count]), values[count:])

    return leave_node


def _whole(model, source, outputs, training):
    model = weakref.proxy(model)

    def run_model(values):
        return [model(values[0], training=training)]

    return Step(run_model, run_model, [source], outputs)
