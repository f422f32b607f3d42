"""Rules about the activations of hidden layers and of outputs."""

import math

import numpy as np

from keras_trainkit.diagnostics.facts.chains import activations_to
from keras_trainkit.diagnostics.facts.chains import next_layer
from keras_trainkit.diagnostics.facts.chains import place_of
from keras_trainkit.diagnostics.facts.heads import REGRESSION
from keras_trainkit.diagnostics.facts.heads import heads
from keras_trainkit.diagnostics.facts.passes.chain_signals import is_plain_sgd
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.lines import layer_line
from keras_trainkit.diagnostics.rules.lines import listed
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule
from keras_trainkit.kernels.signal_propagation import gradient_ratio

_SIGMOIDS = ("sigmoid", "hard_sigmoid")
_TANHS = ("tanh", "softsign")
_RELUS = ("relu", "relu6")
# Layers in a row: from where it is advice, from where a warning.
_DEEP_SIGMOID = (2, 3)
_DEEP_TANH = (6, 10)
_LONG = 20
_MANY_ZEROS = 0.05
_RELU, _TANH = '"relu"', '"tanh"'


@rule(
    "A102",
    name="saturating activations one behind another",
    topic="activation",
    severity="warning",
    confidence=0.65,
    needs=("graph",),
    bad=program(
        *['Dense(64, activation="sigmoid")'] * 5,
        "Dense(1)",
        inputs="(16,)",
        loss="mse",
    ),
    good=program(
        *[f'Dense(64, activation={_RELU}, kernel_initializer="he_normal")'] * 5,
        "Dense(1)",
        inputs="(16,)",
        loss="mse",
    ),
    reference="https://proceedings.mlr.press/v9/glorot10a.html",
)
def saturating_stack(subject):
    """Sigmoid or tanh in one hidden layer behind another.

    A sigmoid's slope is 1/4 at most, so each layer leaves a quarter of the
    gradient or less, and the first layers stand still. Two such layers are
    advice, or a warning where plain SGD trains them; three are a warning. tanh
    bears more: advice from 6, a warning from 10. Layers with normalisation or
    residual connections between them do not count.
    """
    sgd = is_plain_sgd(subject.compiled)
    for chain in subject.network.chains:
        hidden = [link for link in chain if not link.is_output]
        sigmoids = [one for one in hidden if one.activation in _SIGMOIDS]
        both = [o for o in hidden if o.activation in _SIGMOIDS + _TANHS]
        deep = len(sigmoids) + bool(sgd and len(sigmoids) > 1)
        if len(sigmoids) >= _DEEP_SIGMOID[0]:
            severity = "warning" if deep >= _DEEP_SIGMOID[1] else "advice"
            yield _saturating(sigmoids, chain, severity)
        elif len(both) >= _DEEP_TANH[0]:
            severity = "warning" if len(both) >= _DEEP_TANH[1] else "advice"
            yield _saturating(both, chain, severity)


def _saturating(links, chain, severity):
    first = links[0]
    names = " and ".join(sorted({link.activation for link in links}))
    line = layer_line(
        first.kernel.layer,
        activation='"relu"',
        kernel_initializer='"he_normal"',
    )
    return found(
        first.path,
        f"{names} in {len(links)} hidden layers one behind another "
        f"({listed(link.path for link in links)}){_left(links, chain)}.",
        f"{line}: likewise in the others.",
        [
            repair
            for link in links
            for repair in (
                Repair("activation", "relu", _place(link)),
                Repair("initializer", "he_normal", link.path),
            )
        ],
        severity=severity,
    )


def _place(link):
    return place_of(link.activation, link.kernel.node)


def _left(links, chain):
    part = chain[chain.index(links[0]) :]
    part = part[: part.index(links[-1]) + 2]
    layers = [
        (link.kernel.gain_in, link.kernel.gain_out, link.activation)
        for link in part
    ]
    known = {link.activation for link in part[:-1]}
    if not known <= {*_SIGMOIDS, *_TANHS, *_RELUS, "linear"}:
        return ""
    return (
        f": of a gradient behind {part[-1].path}, {gradient_ratio(layers):.1g} "
        f"is left behind {part[0].path}"
    )


@rule(
    "A103",
    name="an activation before the output's",
    topic="activation",
    severity="warning",
    confidence=0.8,
    needs=("graph",),
    bad=program(
        'Dense(64, activation="relu")',
        'Dense(10, activation="relu")',
        "Softmax()",
        inputs="(16,)",
        loss="sparse_categorical_crossentropy",
    ),
    good=program(
        'Dense(64, activation="relu")',
        "Dense(10)",
        "Softmax()",
        inputs="(16,)",
        loss="sparse_categorical_crossentropy",
    ),
    reference="https://arxiv.org/abs/2105.08095",
)
def activation_before_output(subject):
    """An activation in front of the softmax or sigmoid of the output.

    Scores of classes may be of any sign and size. Behind a ReLU, classes whose
    score is negative all become equal and get no gradient; behind a sigmoid or
    a tanh no class can be far ahead. A sigmoid behind a ReLU never returns less
    than 0.5.
    """
    for output in subject.network.outputs:
        final = subject.network.final(output)
        if final.weighted is None:
            continue
        names = activations_to(final.weighted, output)
        if len(names) < 2 or names[-1] not in ("softmax", *_SIGMOIDS):
            continue
        inner, outer = names[-2], names[-1]
        consequence = _squeezed(inner, outer, final.units)
        if consequence is None:
            continue
        never = outer in _SIGMOIDS and inner in _RELUS + _SIGMOIDS
        yield found(
            final.weighted.path,
            f"{inner} in front of the {outer} of {final.units} outputs: "
            f"{consequence}.",
            f"{layer_line(final.weighted.core, activation=None)}: no "
            f"activation but the {outer}.",
            [Repair("activation", "linear", place_of(inner, final.weighted))],
            severity="error" if never else None,
        )


def _squeezed(inner, outer, units):
    limits = {"sigmoid": (0, 1), "hard_sigmoid": (0, 1), "softmax": (0, 1)}
    limits |= {"tanh": (-1, 1), "softsign": (-1, 1)}
    if inner in _RELUS:
        if outer in _SIGMOIDS:
            return "no output can be below 0.5"
        return "classes with negative scores are all equal and get no gradient"
    if inner not in limits:
        return None
    low, high = limits[inner]
    if outer == "softmax":
        highest = 1 / (1 + ((units or 2) - 1) * math.exp(low - high))
        return f"no class can get a probability above {highest:.2f}"
    ends = [1 / (1 + math.exp(-end)) for end in (low, high)]
    return f"every output lies between {ends[0]:.2f} and {ends[1]:.2f}"


@rule(
    "A104",
    name="a regression that ends in ReLU",
    topic="activation",
    severity="warning",
    confidence=0.5,
    needs=("compiled", "graph"),
    bad=program(
        'Dense(8, activation="relu")', 'Dense(1, activation="relu")', loss="mse"
    ),
    good=program('Dense(8, activation="relu")', "Dense(1)", loss="mse"),
    reference="https://arxiv.org/abs/2105.08095",
)
def regression_ends_in_relu(subject):
    """One ReLU as the output of a regression.

    A random unit is negative for many of the rows, perhaps for all, and gets no
    gradient from those: the network may predict 0 for good, even where all
    targets are positive. Softplus keeps predictions positive and learns
    everywhere. Where many targets are 0, or where there are several outputs, it
    is advice. Targets below 0 are L109's.
    """
    for head in heads(subject):
        if head.activation not in _RELUS or head.loss_name not in REGRESSION:
            continue
        facts = head.targets
        if facts is not None and not facts.lowest >= 0:
            continue
        zeros = (
            0.0 if head.y is None else float((np.asarray(head.y) == 0).mean())
        )
        mild = zeros > _MANY_ZEROS or head.units != 1
        seen = (
            ""
            if facts is None
            else f"; the targets are from {facts.lowest:.4g} to "
            f"{facts.highest:.4g}, {zeros:.0%} of them 0"
        )
        yield found(
            head.where,
            f"The output of {head.units} units ends in {head.activation}, "
            f"which has no gradient where it returns 0{seen}.",
            'No activation in the last layer, or activation="softplus" where '
            "predictions have to be positive.",
            [Repair("activation", "linear", head.where)],
            severity="advice" if mild else None,
        )


@rule(
    "A105",
    name="softmax in a hidden layer",
    topic="activation",
    severity="warning",
    confidence=0.75,
    needs=("graph",),
    bad=program(
        'Dense(64, activation="softmax")',
        'Dense(10, activation="softmax")',
        inputs="(16,)",
        loss="sparse_categorical_crossentropy",
    ),
    good=program(
        'Dense(64, activation="relu")',
        'Dense(10, activation="softmax")',
        inputs="(16,)",
        loss="sparse_categorical_crossentropy",
    ),
    reference="https://arxiv.org/abs/2105.08095",
)
def softmax_inside(subject):
    """A softmax as the activation of a hidden layer.

    Its outputs sum to 1, so of 64 units each passes on about 1/64: one value
    shared by the units, with gradients as small. Weights of an attention or of
    experts, which are multiplied with something, are meant and not found.
    """
    for node in subject.network.hidden:
        if node.kind not in ("dense", "conv", "recurrent"):
            continue
        following, _ = next_layer(node)
        if following is None or following.kind == "other":
            continue
        if subject.network.effective_activation(node) != "softmax":
            continue
        yield found(
            node.path,
            f"softmax in a hidden layer of {node.units} units: they sum to 1, "
            f"so each passes on about {1 / (node.units or 1):.2g} to "
            f"{following.path}.",
            f"{layer_line(node.core, activation=_RELU)}: softmax is for "
            "the output.",
            [Repair("activation", "relu", place_of("softmax", node))],
        )
