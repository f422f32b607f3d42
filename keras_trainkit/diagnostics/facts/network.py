"""The network as a rule sees it: what is called, behind what, before what."""

import dataclasses
import functools

import keras

from keras_trainkit.backend.model.keras_kinds import is_keras_layer
from keras_trainkit.diagnostics.facts.chains import plain_chains
from keras_trainkit.diagnostics.facts.kernels import kernels_of
from keras_trainkit.models.kinds import activation_of
from keras_trainkit.models.kinds import core_of
from keras_trainkit.models.kinds import kind_of
from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.models.traced_calls import traced_calls

# What lets the values of a layer through to the activation behind it.
_PASSED = ("normalization", "dropout", "pooling", "reshape", "preprocessing")
_WITH_KERNEL = ("dense", "conv", "recurrent", "embedding", "attention")


@dataclasses.dataclass(eq=False)
class Node:
    """One call of a layer, or of an operation of `keras.ops`.

    Attributes:
        path: Path of the layer, or name of the operation.
        layer: The `keras.Layer` or `keras.Operation`.
        kind: See `models.kinds.kind_of`.
        activation: Name of its own activation, `"linear"` too, or `None`.
        shape: Shape of its (first) output.
        training: The `training` that it is called with in `fit`, or `None`.
        before: List of the `Node`s that it reads.
        after: List of the `Node`s that read it.
    """

    path: str
    layer: object
    kind: str
    activation: str | None
    shape: tuple
    training: bool | None = None
    before: list = dataclasses.field(default_factory=list)
    after: list = dataclasses.field(default_factory=list)

    @property
    def core(self):
        """The layer inside of a wrapper such as `TimeDistributed`."""
        return core_of(self.layer)

    @property
    def kernel(self):
        """Its kernel, a variable, or `None`; a recurrent layer's input's."""
        layer = self.core
        if isinstance(layer, keras.layers.Bidirectional):
            layer = layer.forward_layer
        for holder in (layer, getattr(layer, "cell", None)):
            kernel = getattr(holder, "kernel", None)
            if isinstance(kernel, keras.Variable):
                return kernel
        return None

    @property
    def units(self):
        """The size of the last axis of its output, or `None`."""
        return self.shape[-1] if self.shape else None

    def __repr__(self):
        return f"<{self.path} {self.kind} {self.activation or ''}>"


@dataclasses.dataclass(frozen=True)
class Final:
    """How an output of the model ends.

    Attributes:
        output: The last `Node`.
        weighted: The last `Node` with a kernel before it, or `None`.
        activation: Name of the activation that the output has.
        units: The size of its last axis.
        shape: Its shape.
    """

    output: Node
    weighted: Node | None
    activation: str
    units: int | None
    shape: tuple


class Network:
    """What a built model calls, in the order of the forward pass.

    Nested models, and composite layers where they can be, are opened.

    Args:
        model: A built `keras.Model`.

    Attributes:
        has_graph: Whether it is known what reads what. If not, the nodes are
            the model's layers in the order in which they are listed.
        nodes: List of `Node`s.
        outputs: List of the `Node`s that make the model's outputs.
        entries: List of lists of the `Node`s that read each of its inputs.
    """

    def __init__(self, model):
        self.model = model
        self.tree = LayerTree(model)
        traced = traced_calls(model, self.tree)
        self.has_graph = traced is not None
        if self.has_graph:
            calls, outputs, inputs = traced
            found = _nodes(calls, outputs, inputs, self.tree.paths)
            self.nodes, self.outputs, self.entries = found
        else:
            self.nodes = [
                _node(self.tree.paths[id(layer)], layer, ())
                for layer in self.tree.layers[1:]
                if not self.tree.sublayers(layer) or is_keras_layer(layer)
            ]
            self.outputs, self.entries = [], []

    @property
    def layers(self):
        """List of `(path, layer)` of all layers, containers included."""
        return self.tree.below

    @functools.cached_property
    def weighted(self):
        """The nodes whose layer owns a kernel."""
        return [node for node in self.nodes if node.kind in _WITH_KERNEL]

    @functools.cached_property
    def hidden(self):
        """The nodes with a kernel that do not make an output."""
        last = {id(self.final(output).weighted) for output in self.outputs}
        return [node for node in self.weighted if id(node) not in last]

    @functools.cached_property
    def kernels(self):
        """The `KernelFacts` of the kernels, in the order of the nodes."""
        return kernels_of(self)

    @functools.cached_property
    def chains(self):
        """The plain chains of layers, each a list of `Link`s."""
        return plain_chains(self) if self.has_graph else []

    @functools.cached_property
    def depth(self):
        """The nodes with a kernel on the longest way to an output."""
        deepest = {}
        for node in self.nodes:
            below = max((deepest[id(one)] for one in node.before), default=0)
            deepest[id(node)] = below + (node.kind in _WITH_KERNEL)
        return max(deepest.values(), default=0)

    def effective_activation(self, node):
        """Returns the activation that the values of `node` go through.

        Its own, or if that is linear the one met behind it through
        normalisation, dropout, pooling, reshaping and sums.

        Returns:
            Its name; `"linear"` if the next kernel or an output comes first;
            `None` where branches differ, or with no graph.
        """
        if node.activation not in (None, "linear"):
            return node.activation
        if not self.has_graph:
            return None
        found = {self._behind(after) for after in node.after} or {"linear"}
        return found.pop() if len(found) == 1 else None

    def _behind(self, node):
        if node.kind == "activation":
            return node.activation
        if node.kind in _WITH_KERNEL:
            return "linear"
        if node.kind not in (*_PASSED, "merge"):
            return None
        found = {self._behind(after) for after in node.after} or {"linear"}
        return found.pop() if len(found) == 1 else None

    def final(self, output):
        """Returns how the output that `output` makes ends, as a `Final`."""
        node, activation = output, None
        while node.kind not in _WITH_KERNEL:
            if node.kind == "activation" and activation is None:
                activation = node.activation
            if len(node.before) != 1:
                node = None
                break
            node = node.before[0]
        if node is not None and activation in (None, "linear"):
            activation = node.activation or "linear"
        return Final(
            output, node, activation or "linear", output.units, output.shape
        )


def _nodes(calls, outputs, inputs, paths):
    """Returns the nodes of some calls, those that make outputs, the readers."""
    nodes, makers = [], {}
    origins = {id(one): place for place, one in enumerate(inputs)}
    readers = [[] for _ in inputs]
    for call in calls:
        before = [makers[id(one)] for one in call.inputs if id(one) in makers]
        read = [origins[id(one)] for one in call.inputs if id(one) in origins]
        if _changes_nothing(call):
            if before:
                makers.update((id(one), before[0]) for one in call.outputs)
            elif read:
                origins.update((id(one), read[0]) for one in call.outputs)
            continue
        operation = call.operation
        path = paths.get(id(operation), operation.name)
        shape = tuple(call.outputs[0].shape) if call.outputs else ()
        node = _node(path, operation, shape, call.training)
        node.before = list({id(one): one for one in before}.values())
        for one in node.before:
            one.after.append(node)
        makers.update((id(one), node) for one in call.outputs)
        nodes.append(node)
        for place in read:
            readers[place].append(node)
    ends = [makers[id(one)] for one in outputs if id(one) in makers]
    return nodes, ends, readers


def _changes_nothing(call):
    names = ("ConvertToTensor", "Identity", "StopGradient", "Cast")
    return type(call.operation).__name__ in names


def _node(path, operation, shape, training=None):
    return Node(
        path,
        operation,
        kind_of(operation),
        activation_of(operation),
        shape,
        training,
    )
