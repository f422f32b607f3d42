"""Rules about SELU: it keeps mean and variance under conditions only."""

import keras
import numpy as np

from keras_trainkit.diagnostics.facts.chains import place_of
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.lines import layer_line
from keras_trainkit.diagnostics.rules.lines import listed
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule

_KLAMBAUER = "https://arxiv.org/abs/1706.02515"
# Without normalisation so many layers depend on normalising themselves.
_DEEP = 8
# Where standardised columns and pixels scaled to 0 to 1 part ways.
_MEAN, _LOW, _HIGH = 0.5, 0.5, 2.0
# Beyond this the rules on data speak of unscaled inputs.
_UNSCALED = 10.0
_SELU = 'Dense(32, activation="selu", kernel_initializer="lecun_normal")'
_DATA = "x = np.random.default_rng(0).uniform({}, (200, 4))\ny = x[:, :1]"
_WEIGHTED = ("dense", "conv", "recurrent", "embedding", "attention")


def _selu_nodes(subject):
    return [
        node
        for node in subject.network.hidden
        if node.kind in ("dense", "conv")
        and subject.network.effective_activation(node) == "selu"
    ]


def _severity(nodes):
    return "warning" if len(nodes) >= _DEEP else "advice"


def _near(node, way):
    """Yields the nodes up to the next layers with weights, that included."""
    front, seen = list(getattr(node, way)), set()
    while front:
        one = front.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if one.kind not in _WEIGHTED:
            front += getattr(one, way)


@rule(
    "A111",
    name="SELU in a network that is no plain stack",
    topic="architecture",
    severity="advice",
    confidence=0.2,
    needs=("graph",),
    bad=program(
        "LSTM(16, return_sequences=True)",
        "Flatten()",
        _SELU,
        "Dense(1)",
        inputs="(8, 1)",
        loss="mse",
    ),
    good=program(_SELU, _SELU, "Dense(1)", loss="mse"),
    reference=_KLAMBAUER,
)
def selu_out_of_place(subject):
    """SELU beside sums, concatenations or recurrent layers.

    Its outputs keep mean 0 and variance 1 only from one dense layer to the
    next. With skip connections, wide-and-deep paths or recurrent layers that
    is not guaranteed, and other activations do as well or better.
    """
    nodes = _selu_nodes(subject)
    others = {
        one.path: one.kind
        for node in nodes
        for way in ("before", "after")
        for one in _near(node, way)
        if one.kind in ("merge", "recurrent", "attention")
    }
    if others:
        beside = listed(f"{path} ({kind})" for path, kind in others.items())
        yield found(
            nodes[0].path,
            f"selu in {listed(node.path for node in nodes)}, beside {beside}: "
            "it normalises itself in a plain stack of dense layers only.",
            f"{layer_line(nodes[0].core, activation=_quoted('elu'))}, or "
            '"swish"; with "he_normal".',
            [Repair("activation", "elu", place_of("selu", n)) for n in nodes],
        )


def _quoted(name):
    return f'"{name}"'


@rule(
    "A112",
    name="SELU behind inputs that are not standardised",
    topic="preprocessing",
    severity="advice",
    confidence=0.3,
    needs=("graph", "sample"),
    bad=program(_SELU, "Dense(1)", loss="mse", data=_DATA.format("2, 5")),
    good=program(_SELU, "Dense(1)", loss="mse", data=_DATA.format("-1.7, 1.7")),
    reference=_KLAMBAUER,
)
def selu_inputs(subject):
    """Inputs of SELU layers need mean 0 and standard deviation 1.

    That is what the layers keep from one to the next; from inputs between 0
    and 1 they start elsewhere. Inputs far beyond that are told by the rules on
    data.
    """
    # There may be fewer arrays than inputs, which another rule tells.
    pairs = zip(subject.network.entries, subject.sample.x, strict=False)
    for readers, array in pairs:
        first = [one for one in readers if one.kind not in ("reshape",)]
        direct = [one for one in first if one.activation == "selu"]
        x = np.asarray(array)
        if not direct or not np.issubdtype(x.dtype, np.floating):
            continue
        mean, std = float(x.mean()), float(x.std())
        fits = abs(mean) <= _MEAN and _LOW <= std <= _HIGH
        if fits or np.abs(x).max() > _UNSCALED or not np.isfinite(mean + std):
            continue
        yield found(
            direct[0].path,
            f"selu behind inputs with mean {mean:.2g} and standard deviation "
            f"{std:.2g}; it keeps 0 and 1 where it is given 0 and 1.",
            "normalization = keras.layers.Normalization(); "
            "normalization.adapt(x); as the first layer.",
            [Repair("standardize")],
            severity=_severity(_selu_nodes(subject)),
        )


@rule(
    "A113",
    name="SELU with l1, l2 or a constraint on its kernel",
    topic="regularization",
    severity="advice",
    confidence=0.3,
    needs=("graph",),
    bad=program(
        _SELU[:-1] + ', kernel_regularizer="l2")', "Dense(1)", loss="mse"
    ),
    good=program(_SELU, "Dense(1)", loss="mse"),
    reference=_KLAMBAUER,
)
def selu_kernels(subject):
    """A penalty or a constraint moves SELU's kernels off their size.

    What a SELU layer keeps, it keeps for kernels of LeCun's variance. l1, l2
    and max-norm make them smaller; AlphaDropout regularises without that.
    """
    nodes = _selu_nodes(subject)
    for node in nodes:
        held = [
            type(thing).__name__
            for name in ("kernel_regularizer", "kernel_constraint")
            if (thing := getattr(node.core, name, None)) is not None
        ]
        if held:
            line = layer_line(
                node.core, kernel_initializer=_quoted("lecun_normal")
            )
            yield found(
                node.path,
                f"selu with {' and '.join(held)} on its kernel: the weights no "
                "longer have the size that keeps mean 0 and variance 1.",
                f"{line}, and AlphaDropout(0.1) behind it if it overfits.",
                [
                    Repair("regularizer", None, node.path),
                    Repair("constraint", None, node.path),
                ],
                severity=_severity(nodes),
            )


@rule(
    "A114",
    name="SELU with a normalisation layer",
    topic="normalization",
    severity="advice",
    confidence=0.3,
    needs=("graph",),
    bad=program(_SELU, "BatchNormalization()", "Dense(1)", loss="mse"),
    good=program(_SELU, "Dense(1)", loss="mse"),
    reference=_KLAMBAUER,
)
def selu_normalised(subject):
    """Normalisation beside an activation that normalises itself.

    One of the two is superfluous: SELU with LeCun's initializer and no
    normalisation, or ReLU (or another) with it.
    """
    nodes = _selu_nodes(subject)
    told = set()
    for node in nodes:
        for way in ("after", "before"):
            # What lies behind the next one is not beside this layer.
            near = [n for n in _near(node, way) if n.kind == "normalization"]
            one = near[0] if near else None
            if one is not None and one.path not in told:
                told.add(one.path)
                yield found(
                    one.path,
                    f"{type(one.core).__name__} beside the selu of "
                    f"{node.path}, which normalises itself.",
                    f"Leave {one.path} out, or write "
                    f"{layer_line(node.core, activation=_quoted('relu'))}.",
                    [Repair("remove_layer", None, one.path)],
                )


_DROPS = (
    keras.layers.Dropout,
    keras.layers.GaussianDropout,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
)


@rule(
    "A115",
    name="SELU with plain dropout",
    topic="regularization",
    severity="advice",
    confidence=0.4,
    needs=("graph",),
    bad=program(_SELU, "Dropout(0.3)", _SELU, "Dense(1)", loss="mse"),
    good=program(_SELU, "AlphaDropout(0.1)", _SELU, "Dense(1)", loss="mse"),
    reference=_KLAMBAUER,
)
def selu_dropped(subject):
    """Dropout sets SELU's outputs to 0, which is not their low end.

    Mean and variance change with the rate, and are no longer kept from layer
    to layer. AlphaDropout sets units to SELU's own lowest value and scales
    what is left, so that both stay; rates of 0.05 to 0.2 are customary.
    """
    nodes = _selu_nodes(subject)
    told = set()
    for node in nodes:
        for one in _near(node, "after"):
            if isinstance(one.layer, _DROPS) and one.path not in told:
                told.add(one.path)
                rate = min(float(one.layer.rate), 0.2)
                yield found(
                    one.path,
                    f"{type(one.layer).__name__}({one.layer.rate:g}) behind "
                    f"the selu of {node.path}: mean and variance are no longer "
                    "kept.",
                    f"AlphaDropout({rate:g})",
                    [Repair("remove_layer", None, one.path)],
                    severity=_severity(nodes),
                )


@rule(
    "A116",
    name="AlphaDropout without SELU",
    topic="regularization",
    severity="warning",
    confidence=0.5,
    needs=("graph",),
    bad=program(
        'Dense(32, activation="relu")',
        "AlphaDropout(0.3)",
        "Dense(1)",
        loss="mse",
    ),
    good=program(
        'Dense(32, activation="relu")', "Dropout(0.3)", "Dense(1)", loss="mse"
    ),
    reference=_KLAMBAUER,
)
def alpha_dropout_alone(subject):
    """AlphaDropout is made for SELU's outputs and for nothing else.

    It sets units to -1.76, SELU's lowest value, and scales the rest so that
    mean 0 and variance 1 stay. Behind a ReLU, whose outputs are never
    negative, that is noise of a kind which prediction does not have.
    """
    for node in subject.network.nodes:
        if not isinstance(node.layer, keras.layers.AlphaDropout):
            continue
        activation, before = _activation_before(node)
        if activation == "selu" or (before is None and _reads_selu(node)):
            continue
        behind = f"{activation or 'values'} of {before or 'the inputs'}"
        yield found(
            node.path,
            f"AlphaDropout({node.layer.rate:g}) behind the {behind}, not "
            "behind selu: it sets units to -1.76.",
            f"Dropout({node.layer.rate:g})",
            [Repair("remove_layer", None, node.path)],
        )


def _activation_before(node):
    """Returns the activation that a node reads, and its layer's path."""
    while node.before:
        node = node.before[0]
        if node.activation not in (None, "linear"):
            return node.activation, node.path
        if node.kind in _WEIGHTED:
            return node.activation, node.path
    return None, None


def _reads_selu(node):
    return any(one.activation == "selu" for one in _near(node, "after"))
