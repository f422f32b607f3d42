"""A model without some of the groups of layers below its head."""

import keras

from keras_trainkit.backend.model.graph_nodes import arguments_of
from keras_trainkit.models.graph import Steps
from keras_trainkit.models.graph import graph_of
from keras_trainkit.models.graph import split


class Gap:
    """What lies between the groups that stay and the head.

    Layers without weights between and behind the dropped ones, such as
    activations, pooling, flattening and dropout, stay, one after the other.
    Where they branch, as in a residual block, all from the first to the last
    of the dropped layers goes.

    Args:
        model: A Sequential or functional model that has been built.
        dropped: List of layers with weights.

    Attributes:
        closes: Whether one tensor leads into the gap, one out of it, and none
            past it, so that the model is whole without it, and no layer is
            dropped in part.
    """

    def __init__(self, model, dropped):
        self._model = model
        steps = Steps(model)
        outputs = steps.outputs
        ids = {id(layer) for layer in dropped}

        def is_dropped(step):
            return any(id(layer) in ids for layer in step.layers)

        self._front, behind, entering = split(steps.steps, is_dropped, outputs)
        within = _leading_to(behind, is_dropped)
        self._within = [step for step in behind if id(step) in within]
        self._rest = [step for step in behind if id(step) not in within]
        made = {ref for step in self._rest for ref in step.outputs}
        # An exit of a nested model reads its inputs for their masks only.
        read = {r for s in self._rest for r in s.inputs[s.for_masks :]}
        leaving = {ref for ref in [*read, *outputs] if ref not in made}
        entering = set(entering).intersection(
            ref for s in self._within for ref in s.inputs[s.for_masks :]
        )
        weights = {id(w) for layer in dropped for w in layer.weights}
        whole = all(
            id(weight) in weights
            for step in self._within
            if step.layers
            for weight in step.operation.weights
        )
        # Into a gap that begins at the input nothing leads that is trained.
        real = any(step.node is not None for step in self._front)
        self.closes = (
            real
            and whole
            and len(entering) == len(leaving) == 1
            and not leaving & {r for step in self._front for r in step.outputs}
        )
        if self.closes:
            (self._enters,), (self._leaves,) = entering, leaving
        self._structure = steps.structure

    def closed(self):
        """Returns the model without the gap, over the same layers.

        Layers with weights behind the gap are made anew of their
        configuration: their inputs have another shape.

        Raises:
            ValueError: Where a layer cannot be called on that shape.
        """
        graph = graph_of(self._model)
        inputs = [
            keras.Input(batch_shape=one.shape, dtype=one.dtype, name=one.name)
            for one in graph.inputs
        ]
        structured = keras.tree.pack_sequence_as(graph.input, inputs)
        tensors = {0: structured}
        for step in self._front:
            _put(tensors, step, step.call)
        if self._is_chain():
            for step in self._within:
                weighs = step.layers and step.operation.weights
                _put(tensors, step, _unchanged if weighs else step.call)
        else:
            tensors[self._leaves] = tensors[self._enters]
        anew = {}
        for step in self._rest:
            _put(tensors, step, _on_another_shape(step, anew))
        outputs = keras.tree.map_structure(tensors.get, self._structure)
        return keras.Model(structured, outputs, name=self._model.name)

    def _is_chain(self):
        """Whether the steps in the gap come one after the other."""
        ref = self._enters
        for step in self._within:
            read = set(step.inputs[step.for_masks :])
            if read != {ref} or len(step.outputs) != 1:
                return False
            (ref,) = step.outputs
        return ref == self._leaves


def _unchanged(tensors):
    return tensors[:1]


def _leading_to(steps, is_dropped):
    """Returns the ids of the steps that come before or are dropped ones."""
    wanted, found = set(), set()
    for step in reversed(steps):
        if is_dropped(step) or wanted.intersection(step.outputs):
            found.add(id(step))
            wanted.update(step.inputs)
    return found


def _put(tensors, step, call):
    results = call([tensors.get(ref) for ref in step.inputs])
    tensors.update(zip(step.outputs, results, strict=True))


def _on_another_shape(step, anew):
    layer = step.operation
    if not isinstance(layer, keras.Layer) or not layer.weights:
        return step.call
    if id(layer) not in anew:
        anew[id(layer)] = type(layer).from_config(layer.get_config())
    arguments = arguments_of(step.node)

    def call(tensors):
        args, kwargs = arguments(tensors)
        return keras.tree.flatten(anew[id(layer)](*args, **kwargs))

    return call
