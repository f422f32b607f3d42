"""Rules about what a stack can compute: no activation, too few units."""

import math

import keras

from keras_trainkit.diagnostics.facts.chains import next_layer
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.lines import layer_line
from keras_trainkit.diagnostics.rules.lines import listed
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule

# So few ReLUs are all dead after a few bad steps.
_FEW = 2


@rule(
    "A101",
    name="no activation between layers",
    topic="activation",
    severity="warning",
    confidence=0.85,
    needs=("graph",),
    bad=program(
        "Dense(64)", "Dense(32)", "Dense(1)", inputs="(16,)", loss="mse"
    ),
    good=program(
        'Dense(64, activation="relu")',
        'Dense(32, activation="relu")',
        "Dense(1)",
        inputs="(16,)",
        loss="mse",
    ),
    reference="https://arxiv.org/abs/2105.08095",
)
def linear_stack(subject):
    """No activation between layers: together they are one linear layer.

    However many linear layers follow each other, what they compute could be
    computed by one, so nothing is learnt that a linear model would not learn.
    Where other layers have activations, one that has none is advice; a narrow
    linear layer between wider ones is meant, and so is a linear autoencoder.
    """
    network = subject.network
    hidden = [n for n in network.hidden if n.kind in ("dense", "conv")]
    linear = [node for node in hidden if _is_linear(network, node)]
    if not linear:
        return
    bent = len(linear) < len(hidden) or _bends(network)
    if bent:
        linear = [node for node in linear if _is_superfluous(node)]
    if not linear:
        return
    first = linear[0]
    line = layer_line(first.core, activation='"relu"')
    names = listed(node.path for node in linear)
    seen = f"No activation behind {names}, {_share(linear, hidden)}: "
    if bent:
        seen += "what it computes, the layer behind it could compute alone."
    elif any(node.kind == "pooling" for node in network.nodes):
        seen += "nothing but the pooling is not linear."
    else:
        seen += "the network is one linear model."
    mild = _is_linear_coding(network, hidden) or (
        bent and (2 * len(linear) < len(hidden) or _bends(network))
    )
    yield found(
        first.path,
        seen,
        f"{line}: likewise behind every hidden layer.",
        [Repair("activation", "relu", node.path) for node in linear],
        severity="advice" if mild else None,
    )


def _share(linear, hidden):
    if len(linear) == len(hidden):
        return (
            "as behind no hidden layer" if len(hidden) > 1 else "the only one"
        )
    return f"{len(linear)} of {len(hidden)} hidden layers"


def _is_linear(network, node):
    if network.effective_activation(node) != "linear":
        return False
    following, _ = next_layer(node)
    return following is not None and following.kind in ("dense", "conv")


def _bends(network):
    """Whether something else in the network is not linear."""
    kinds = {node.kind for node in network.nodes}
    if kinds & {"recurrent", "attention", "other"}:
        return True
    return any(_multiplies(node) or _chooses(node) for node in network.nodes)


def _multiplies(node):
    names = "Multiply Dot Matmul Einsum Divide TrueDivide Maximum Minimum"
    return node.kind == "merge" and type(node.layer).__name__ in names.split()


def _chooses(node):
    """The largest of a few units is an activation: maxout."""
    name = type(node.layer).__name__
    return name in ("Max", "Min") and not isinstance(node.layer, keras.Layer)


def _is_superfluous(node):
    """Whether a dense layer, or a convolution with a window, is right behind.

    Depthwise and pointwise convolutions, and narrow layers, are linear on
    purpose in many architectures.
    """
    following, between = next_layer(node)
    if node.kind == "dense":
        narrow = node.before and _units(node.before[0]) > _units(node)
        pooled = following.kind != "dense" or "pooling" in between
        return not pooled and not (narrow and _units(following) > _units(node))
    both = [_window(node), _window(following)]
    return (
        "normalization" not in between
        and "reshape" not in between
        and (min(both) > 1)
    )


def _window(node):
    """Size of a kernel; 1 for what is no plain convolution."""
    plain = node.kernel is not None and "Conv" in type(node.core).__name__
    grouped = "Depthwise" in type(node.core).__name__
    if not plain or grouped or node.kind != "conv":
        return 1
    return math.prod(node.kernel.shape[:-2])


def _units(node):
    return node.units or 0


def _is_linear_coding(network, hidden):
    """An autoencoder with one narrow layer finds principal components."""
    if len(hidden) != 1 or len(network.outputs) != 1:
        return False
    inside, before = _units(hidden[0]), hidden[0].before
    outside = _units(network.outputs[0])
    wide = before and _units(before[0])
    if not before and hidden[0].kernel is not None:
        wide = hidden[0].kernel.shape[0]
    return inside < outside == wide


@rule(
    "A107",
    name="a hidden layer of one or two ReLUs",
    topic="architecture",
    severity="warning",
    confidence=0.55,
    needs=("graph",),
    bad=program(
        'Dense(2, activation="relu")',
        'Dense(1, activation="sigmoid")',
        inputs="(2,)",
        loss="binary_crossentropy",
    ),
    good=program(
        'Dense(16, activation="relu")',
        'Dense(1, activation="sigmoid")',
        inputs="(2,)",
        loss="binary_crossentropy",
    ),
)
def few_units(subject):
    """Everything has to pass through one or two ReLUs.

    About every second random ReLU is off for a given row, so a layer of two
    begins with both off for a quarter of the rows, and no gradient comes from
    those. XOR needs two units, and finds them only with luck; with sixteen it
    hardly ever fails. A layer whose outputs are merged with others is left out.
    """
    for node in subject.network.hidden:
        following, _ = next_layer(node)
        activation = subject.network.effective_activation(node)
        few = node.kind == "dense" and 0 < _units(node) <= _FEW
        if few and activation in ("relu", "relu6") and following is not None:
            off = 0.5 ** _units(node)
            line = f'Dense(16, activation="{activation}")'
            yield found(
                node.path,
                f"{_units(node)} units with {activation} are all that "
                f"{following.path} reads; for about {off:.0%} of the rows all "
                "of them are 0 at the start, without a gradient.",
                f"{line}: a few more than the problem needs.",
                [Repair("units", 16, node.path)],
            )
