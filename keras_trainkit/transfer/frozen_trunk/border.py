"""Where a model is cut into a trunk and a head."""

import fnmatch

import keras

from keras_trainkit.backend.model.graph_nodes import nodes_of
from keras_trainkit.backend.model.layers import owns_seeds
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.models.graph import Steps
from keras_trainkit.models.graph import graph_of
from keras_trainkit.models.graph import reached
from keras_trainkit.models.graph import split
from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.models.selection import selected
from keras_trainkit.sampling.random_layers import RandomLayers


class Border:
    """The steps of a model in two parts, and the values that cross.

    The head is what depends on its first layers. Nested models are opened
    where the cut goes through them.

    Args:
        model: A `keras.Model`.
        at: The first layers of the head, see `transfer.split`; `None` for
            what trains, with the layers right before it that draw.

    Attributes:
        at: The same.
        trunk: List of the `models.graph.Step`s in front, in order.
        head: List of the others.
        crossing: References to the values that lead from one to the other.
        masks: References to those of which the head reads the mask alone.
        specs: Dictionary of symbolic tensors by reference.
        outputs: References to the model's outputs.
        structure: The model's outputs with references in place of tensors.

    Raises:
        TypeError: If `model` is no graph of layers, or `at` no selection.
        ValueError: If `at` matches nothing, or one part would be empty.
    """

    def __init__(self, model, at=None):
        _require_graph(model)
        self._model, self.at = model, at
        self._chosen = None if at is None else _chosen(model, at)
        self._trains = {id(v) for v in model.trainable_variables}
        self._random = _random_layers(model)
        self._opened = {}
        self._cut(self._holds_first)
        through = self._cut_through()
        self._cut(lambda nested: id(nested) in through)
        self._require_both()

    def in_mode(self, training):
        """Returns trunk and head as lists of steps in another mode."""
        steps = Steps(self._model, self._opens, training).steps
        places = {id(step): place for place, step in enumerate(self._steps)}
        return tuple(
            [steps[places[id(step)]] for step in part]
            for part in (self.trunk, self.head)
        )

    def random_in_trunk(self):
        """Returns the layers of the trunk that draw in training mode."""
        return [one for one in self.trunk_layers() if id(one) in self._random]

    def trunk_layers(self):
        """Returns all layers that the trunk calls, each once."""
        found = {id(one): one for step in self.trunk for one in step.layers}
        return list(found.values())

    def _cut(self, opens):
        graph = Steps(self._model, opens)
        self._opens, self._steps = opens, graph.steps
        self.outputs, self.structure = graph.outputs, graph.structure
        first = self._first_steps()
        front, self.head, crossing = split(
            graph.steps, lambda step: id(step) in first, graph.outputs
        )
        # The exit of a nested model reads its inputs for their masks alone.
        read = {r for step in self.head for r in step.inputs[step.for_masks :]}
        read.update(graph.outputs)
        self.crossing = [ref for ref in crossing if ref in read]
        self.masks = [ref for ref in crossing if ref not in read]
        self.trunk, *_ = split(front, lambda step: False, crossing)
        self.specs = {
            ref: spec
            for step in graph.steps
            for ref, spec in zip(step.outputs, step.specs, strict=False)
        }

    def _first_steps(self):
        first = {id(step) for step in self._steps if self._starts(step)}
        if self._chosen is None:
            first |= self._drawing_before(first)
        return first

    def _starts(self, step):
        if self._chosen is not None:
            return any(id(layer) in self._chosen for layer in step.layers)
        return any(self._acts(layer) for layer in step.layers)

    def _acts(self, layer):
        """Whether a layer trains, or updates statistics."""
        norm = isinstance(layer, keras.layers.BatchNormalization)
        updates = norm and layer.trainable
        return updates or any(id(v) in self._trains for v in layer.variables)

    def _drawing_before(self, first):
        """Returns the steps that draw and lead to no frozen weights.

        Dropout in front of the first layer that trains belongs to it.
        """
        behind = reached(self._steps, lambda step: id(step) in first)
        frozen = {
            ref
            for step in self._steps
            if step.layers and step.operation.weights
            for ref in step.outputs
            if ref not in behind
        }
        drawing = [
            step
            for step in self._steps
            if any(id(layer) in self._random for layer in step.layers)
        ]
        return {
            id(step)
            for step in drawing
            if frozen.isdisjoint(
                reached(self._steps, lambda one, step=step: one is step)
            )
        }

    def _holds_first(self, nested):
        """Whether a nested model holds a first layer; notes which models do."""
        if self._chosen is None:
            holds = any(id(v) in self._trains for v in nested.variables)
        else:
            inside = [one for _, one in LayerTree(nested).below]
            holds = id(nested) not in self._chosen and any(
                id(one) in self._chosen for one in inside
            )
        if holds:
            self._opened[id(nested)] = nested
        return holds

    def _cut_through(self):
        """Returns the ids of the opened models with a part in the trunk."""
        front = {id(step.operation) for step in self.trunk if step.node}
        return {
            one
            for one, nested in self._opened.items()
            if front.intersection(_operations(nested))
        }

    def _require_both(self):
        behind = bool(self.head)
        if behind and any(step.node for step in self.trunk):
            return
        if self._chosen is not None:
            raise bad_value(
                "at",
                self.at,
                "such that a layer comes before the head"
                if behind
                else "such that an output depends on it",
                "Name the first layer of the head.",
            )
        raise bad_value(
            "model",
            self._model.name,
            "one in which something in front of what trains is frozen"
            if behind
            else "one in which a layer trains",
            "Freeze the trunk, as by `transfer.set_trainable(model, 1)`, or "
            "pass `at`, the first layer of the head.",
        )


def _require_graph(model):
    expected = "a Sequential or functional model that has been built"
    if not isinstance(model, keras.Model):
        raise bad_type("model", model, expected)
    if graph_of(model) is None:
        raise bad_type(
            "model",
            model,
            expected,
            "Only the graph of its layers tells where it can be cut. Build a "
            "functional model from the parts of a subclassed one.",
        )


def _chosen(model, at):
    """Returns the ids of the layers that `at` means."""
    tree = LayerTree(model)
    patterns = [at] if isinstance(at, str) else at
    if not _are_patterns(patterns) or at == "all":
        return {id(layer) for layer in selected(tree, at, "at")}
    # Also layers without weights, such as the pooling.
    found = {
        id(layer)
        for path, layer in tree.below
        if any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)
    }
    if not found:
        paths = [path for path, _ in tree.below]
        raise bad_value(
            "at", at, "the path of a layer", f"There is: {paths[-30:]}."
        )
    return found


def _are_patterns(at):
    return isinstance(at, (list, tuple, set, frozenset)) and all(
        isinstance(pattern, str) for pattern in at
    )


def _random_layers(model):
    """Returns the ids of the layers that draw in training mode."""
    known = RandomLayers(model, noise=True)
    return {id(layer) for layer in known.active} | {
        id(layer)
        for layer in known.every
        if owns_seeds(layer) and layer not in known.rates
    }


def _operations(model):
    """Returns the ids of the operations in a graph, nested ones too."""
    found = set()
    for node in nodes_of(graph_of(model)):
        found.add(id(node.operation))
        if graph_of(node.operation) is not None:
            found |= _operations(node.operation)
    return found
