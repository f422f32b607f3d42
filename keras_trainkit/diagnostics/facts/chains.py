"""Plain chains: layers one behind another with nothing that rescales."""

import dataclasses

# What hands on its input's size, more or less.
_HANDS_ON = ("activation", "dropout", "pooling", "reshape")


@dataclasses.dataclass(eq=False)
class Link:
    """A dense or convolutional layer of a chain.

    Attributes:
        kernel: Its `KernelFacts`.
        activation: The last activation before the next layer of the chain.
        is_output: Whether it makes an output of the model.
    """

    kernel: object
    activation: str | None
    is_output: bool

    @property
    def path(self):
        """Path of the layer."""
        return self.kernel.path


def plain_chains(network):
    """Returns the chains of dense and convolutional layers of a network.

    Within a chain each layer reads the one before it alone, and is read by the
    next alone. Normalisation, sums, recurrent and attention layers end it, and
    so does what is not known.

    Args:
        network: A `Network` with a graph.

    Returns:
        List of lists of `Link`s; the longest first.
    """
    kernels = {}
    for kernel in network.kernels:
        if kernel.node is not None and kernel.name in ("kernel",):
            kernels.setdefault(id(kernel.node), kernel)
    hidden = {id(node) for node in network.hidden}
    steps = {
        id(node): (node, *behind(node))
        for node in network.weighted
        if node.kind in ("dense", "conv") and id(node) in kernels
    }
    reached = {
        id(following)
        for _, _, following in steps.values()
        if id(following) in steps
    }
    chains = [
        _chain(key, steps, kernels, hidden)
        for key in steps
        if key not in reached
    ]
    return sorted(chains, key=len, reverse=True)


def _chain(key, steps, kernels, hidden):
    links = []
    while key in steps:
        _, activation, following = steps[key]
        links.append(Link(kernels[key], activation, key not in hidden))
        key = id(following)
    return links


def behind(node):
    """Returns the activation behind a layer and the layer that reads it.

    Args:
        node: A `Node` with a kernel.

    Returns:
        Tuple of the name of the last activation that is not linear (or
        `"linear"`), and the next `Node` that does more than hand on; `None`
        where branches part or the network ends.
    """
    activation = node.activation or "linear"
    while len(node.after) == 1:
        node = node.after[0]
        if len(node.before) != 1 or node.kind not in _HANDS_ON:
            return activation, node
        if node.kind == "activation" and node.activation != "linear":
            activation = node.activation
    return activation, None


def makes_output(network, node):
    """Whether the layer of a node is the last one before an output.

    Args:
        network: A `Network`.
        node: A `Node`.
    """
    finals = [network.final(output) for output in network.outputs]
    return any(one.weighted is node for one in finals)


def next_layer(node):
    """Returns the node with weights that alone reads a node, or `None`.

    Normalisation, dropout, pooling and activations in between are passed.

    Args:
        node: A `Node`.

    Returns:
        Tuple of the node, a dense, convolutional, recurrent, embedding or
        attention layer or one of unknown kind, and the list of the kinds of
        what lies in between.
    """
    between = []
    while len(node.after) == 1:
        node = node.after[0]
        if len(node.before) != 1:
            return None, between
        if node.kind not in (*_HANDS_ON, "normalization", "preprocessing"):
            return (None if node.kind == "merge" else node), between
        between.append(node.kind)
    return None, between


def activations_to(node, output):
    """Returns the names of the activations from a layer to an output.

    Args:
        node: The `Node` with weights that `Network.final` names.
        output: The `Node` of the output.

    Returns:
        List of names, in order, the linear ones left out.
    """
    names = []
    while True:
        if output.activation not in (None, "linear"):
            names.insert(0, output.activation)
        if output is node:
            return names
        output = output.before[0]


def place_of(activation, node):
    """Returns the path of what has an activation behind a layer.

    Args:
        activation: Its name.
        node: The `Node` of the layer: it, or an activation layer behind it.
    """
    first = node
    while node.activation != activation and len(node.after) == 1:
        node = node.after[0]
    return node.path if node.activation == activation else first.path
