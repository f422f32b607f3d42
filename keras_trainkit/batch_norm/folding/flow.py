"""Who makes and who reads each value of a graph."""

import collections
import dataclasses

import keras

from keras_trainkit.backend.model.graph_nodes import nodes_of
from keras_trainkit.backend.model.layers import all_layers
from keras_trainkit.backend.model.training_flags import training_of
from keras_trainkit.batch_norm.folding.channel_map import NotFoldable
from keras_trainkit.models.graph import Steps
from keras_trainkit.models.graph import graph_of


@dataclasses.dataclass(eq=False)
class Call:
    """One call of an operation on one tensor.

    Attributes:
        step: The `models.graph.Step`.
        given: Reference to its input.
        made: Reference to its output.
        shapes: Pair of their shapes.
        dtypes: Pair of their dtypes.
    """

    step: object
    given: int
    made: int
    shapes: tuple
    dtypes: tuple

    @property
    def operation(self):
        """The layer or operation that is called."""
        return self.step.operation


class Flow:
    """The values of a model's graph, nested models opened.

    Args:
        model: A built Sequential or functional `keras.Model`.

    Attributes:
        in_training: Set of ids of layers that are called with
            `training=True`, and of all in them.
    """

    def __init__(self, model):
        graph = Steps(model)
        self._outputs = set(graph.outputs)
        self._maker, self._specs = {}, {}
        self._readers = collections.defaultdict(list)
        self._steps = collections.defaultdict(list)
        self._owners = collections.defaultdict(set)
        for step in graph.steps:
            self._note(step)
        self.in_training = _called_in_training(model)

    def _note(self, step):
        self._maker.update(dict.fromkeys(step.outputs, step))
        self._specs.update(zip(step.outputs, step.specs, strict=True))
        for ref in _given_of(step):
            self._readers[ref].append(step)
        if step.operation is not None:
            self._steps[id(step.operation)].append(step)
        if isinstance(step.operation, keras.Layer):
            for weight in step.operation.weights:
                self._owners[id(weight)].add(id(step.operation))

    def operations(self):
        """Returns all layers and operations that are called, each once."""
        return [steps[0].operation for steps in self._steps.values()]

    def calls(self, operation):
        """Returns the `Call`s of an operation.

        Raises:
            NotFoldable: If one of them has several inputs or outputs.
        """
        return [self._call(step) for step in self._steps[id(operation)]]

    def shares_weights(self, operation):
        """Whether another operation has a weight of this one."""
        return any(
            len(self._owners[id(weight)]) > 1 for weight in operation.weights
        )

    def call_that_made(self, ref):
        """Returns the call that alone makes a value, for one reader alone.

        Raises:
            NotFoldable: If there is none, or others read what it makes.
        """
        while True:
            if ref in self._outputs or len(self._readers[ref]) != 1:
                raise NotFoldable("what it normalises is read elsewhere, too")
            step = self._maker.get(ref)
            if (
                step is None
                or not step.inputs
                or step.inputs[0] not in (self._specs)
            ):
                raise NotFoldable("no layer comes before it")
            if step.operation is not None:
                return self._call(step)
            ref = self._across(step, ref, step.outputs, _given_of(step))

    def calls_that_read(self, ref):
        """Returns the calls that read a value, across the borders of models.

        Raises:
            NotFoldable: If none does, or it is an output of the model.
        """
        if ref in self._outputs:
            raise NotFoldable("what it returns is an output of the model")
        found = []
        for step in self._readers[ref]:
            if step.operation is not None:
                found.append(self._call(step))
                continue
            behind = self._across(step, ref, _given_of(step), step.outputs)
            found += self.calls_that_read(behind)
        if not found:
            raise NotFoldable("nothing reads what it returns")
        return found

    def _call(self, step):
        if len(step.inputs) != 1 or len(step.outputs) != 1:
            kind = type(step.operation).__name__
            raise NotFoldable(
                f"the {kind} {step.operation.name!r}, of several inputs or "
                "outputs, is in between"
            )
        given, made = step.inputs[0], step.outputs[0]
        specs = self._specs[given], self._specs[made]
        return Call(
            step,
            given,
            made,
            tuple(tuple(one.shape) for one in specs),
            tuple(keras.backend.standardize_dtype(s.dtype) for s in specs),
        )

    def _across(self, step, ref, here, there):
        """Returns what a value is on the other side of a model's border."""
        one_each = len(here) == len(there) and here.count(ref) == 1
        # What enters in a structure may be sorted anew.
        plain = step.for_masks or len(here) == 1
        if not (one_each and plain):
            raise NotFoldable("a model of several inputs is in between")
        other = there[here.index(ref)]
        mine, theirs = self._specs[ref], self._specs[other]
        if mine.dtype != theirs.dtype or len(mine.shape) != len(theirs.shape):
            raise NotFoldable("a model that converts its input is in between")
        return other


def _given_of(step):
    return step.inputs[step.for_masks :]


def _called_in_training(model):
    """Returns the ids of layers that a graph puts into training mode."""
    found = set()
    for node in nodes_of(graph_of(model)):
        operation = node.operation
        if not isinstance(operation, keras.Layer):
            continue
        if training_of(node):
            found.update(id(layer) for layer in all_layers(operation))
        elif graph_of(operation) is not None:
            found |= _called_in_training(operation)
    return found
