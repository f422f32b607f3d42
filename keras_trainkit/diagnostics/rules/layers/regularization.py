"""Rules about dropout and weight decay."""

import keras

from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.layers.penalties import strengths
from keras_trainkit.diagnostics.rules.lines import listed
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule

_SRIVASTAVA = "https://jmlr.org/papers/v15/srivastava14a.html"
_HIGH, _VERY_HIGH, _LOWER = 0.5, 0.8, 0.3
_ENDS = ("softmax", "sigmoid")
_HIDDEN = 'Dense(32, activation="relu")'
_SOFTMAX = 'Dense(3, activation="softmax")'
_SPARSE = "sparse_categorical_crossentropy"
_DROPS = (
    keras.layers.Dropout,
    keras.layers.AlphaDropout,
    keras.layers.GaussianDropout,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
)


@rule(
    "R101",
    name="dropout behind the output",
    topic="regularization",
    severity="warning",
    confidence=0.85,
    needs=("graph",),
    bad=program(_HIDDEN, _SOFTMAX, "Dropout(0.5)", loss=_SPARSE),
    good=program(_HIDDEN, "Dropout(0.5)", _SOFTMAX, loss=_SPARSE),
    reference=_SRIVASTAVA,
)
def dropout_behind_output(subject):
    """Dropout behind the last layer drops predictions.

    While training, a share of the outputs is set to 0 and the others are
    scaled up: probabilities no longer sum to 1, the loss of a dropped class is
    as large as can be, and no weight can do anything about it.
    """
    for output in subject.network.outputs:
        final = subject.network.final(output)
        node = output
        while final.weighted is not None and node is not final.weighted:
            if isinstance(node.layer, _DROPS) and node.layer.rate > 0:
                known = subject.compiled or final.activation in _ENDS
                yield found(
                    node.path,
                    f"{_call(node.layer)} behind the last layer, "
                    f"{final.weighted.path}: while training, "
                    f"{node.layer.rate:.0%} of the {final.units} outputs of a "
                    "row are set to 0.",
                    f"Put it in front of {final.weighted.path}.",
                    [Repair("remove_layer", None, node.path)],
                    # An encoder may end in dropout.
                    severity=None if known else "advice",
                )
            node = node.before[0]


def _call(layer):
    return f"{type(layer).__name__}({layer.rate:g})"


@rule(
    "R102",
    name="a high rate of dropout",
    topic="regularization",
    severity="advice",
    confidence=0.5,
    bad=program(_HIDDEN, "Dropout(0.9)", _SOFTMAX, loss=_SPARSE),
    good=program(_HIDDEN, "Dropout(0.5)", _SOFTMAX, loss=_SPARSE),
    reference=_SRIVASTAVA,
)
def high_rate(subject):
    """Rates above 0.5 leave little to learn from; 0.8 and more a fifth.

    `rate` is the share that is dropped, not the one that is kept, as it was in
    TensorFlow 1. Dropouts right behind one another add up. Above 0.5 it is
    advice, from 0.8 a warning; nothing at all passes at 1.
    """
    told = set()
    for node in subject.network.nodes:
        for name, rate, path in _rates(node):
            if rate <= _HIGH or (path, name) in told:
                continue
            told.add((path, name))
            yield found(
                path,
                f"{name} drops {rate:.0%}: {1 - rate:.0%} of the values pass.",
                "A rate of 0.2 to 0.5"
                + (f"; is {1 - rate:.2g} meant?" if rate < 1 else "."),
                [Repair("dropout_rate", _LOWER, path)]
                if isinstance(node.core, _DROPS)
                else (),
                severity=_by_rate(rate),
            )


def _by_rate(rate):
    if rate >= 1:
        return "error"
    return "warning" if round(rate, 6) >= _VERY_HIGH else "advice"


def _rates(node):
    """Yields the name, rate and path of what a node drops."""
    layer = node.core
    if isinstance(layer, _DROPS):
        before = node.before[0] if len(node.before) == 1 else None
        double = before is not None and isinstance(before.layer, _DROPS)
        earlier = float(before.layer.rate) if double else 0.0
        rate = 1 - (1 - float(layer.rate)) * (1 - earlier)
        both = f" behind {_call(before.layer)}" if double else ""
        yield f"{_call(layer)}{both}", rate, node.path
    if isinstance(layer, keras.layers.Bidirectional):
        layer = layer.forward_layer
    for name in ("dropout", "recurrent_dropout"):
        rate = getattr(layer, name, None)
        if isinstance(rate, (int, float)) and not isinstance(rate, bool):
            yield f"{name}={rate:g}", float(rate), node.path


@rule(
    "R103",
    name="dropout in front of BatchNormalization",
    topic="regularization",
    severity="advice",
    confidence=0.15,
    needs=("graph",),
    bad=program(
        _HIDDEN, "Dropout(0.5)", "BatchNormalization()", _SOFTMAX, loss=_SPARSE
    ),
    good=program(
        _HIDDEN, "BatchNormalization()", "Dropout(0.5)", _SOFTMAX, loss=_SPARSE
    ),
    reference="https://arxiv.org/abs/1801.05134",
)
def dropout_before_normalisation(subject):
    """The variance that is averaged is that of dropped values.

    Dropout raises the variance while training and is off in prediction, where
    the averaged variance is then too large. Dropout belongs behind the last
    BatchNormalization.
    """
    for node in subject.network.nodes:
        drops = isinstance(node.layer, _DROPS) and node.layer.rate > 0
        behind = _norm_behind(node) if drops else None
        if behind is not None:
            yield found(
                node.path,
                f"{_call(node.layer)} in front of {behind.path}, through at "
                "most one layer: its moving variance is that of dropped "
                "values, "
                f"{1 / (1 - min(node.layer.rate, 0.99)):.2g} times what "
                "prediction sees.",
                f"Put {node.path} behind {behind.path}.",
            )


def _norm_behind(node):
    passed = 0
    while len(node.after) == 1:
        node = node.after[0]
        if isinstance(node.layer, keras.layers.BatchNormalization):
            return node
        passed += node.kind in ("dense", "conv")
        if passed > 1 or node.kind in ("merge", "recurrent", "other"):
            return None
    return None


@rule(
    "R105",
    name="l2 together with decoupled weight decay",
    topic="regularization",
    severity="advice",
    confidence=0.3,
    needs=("compiled",),
    bad=program(
        'Dense(32, activation="relu", kernel_regularizer="l2")',
        _SOFTMAX,
        loss=_SPARSE,
        optimizer="keras.optimizers.AdamW(1e-3, weight_decay=0.01)",
    ),
    good=program(
        _HIDDEN,
        _SOFTMAX,
        loss=_SPARSE,
        optimizer="keras.optimizers.AdamW(1e-3, weight_decay=0.01)",
    ),
    reference="https://arxiv.org/abs/1711.05101",
)
def two_decays(subject):
    """The same kernels are pulled towards zero twice, in two ways.

    The optimizer's weight decay takes off a share of each weight; the
    penalty's gradient goes through the optimizer, where an adaptive one scales
    it away. Keep the decay and leave the penalty out.
    """
    decay = subject.compiled.weight_decay
    penalised = [
        kernel
        for kernel in subject.network.kernels
        if strengths(kernel.regularizer)[1] > 0
    ]
    if decay and penalised:
        first = penalised[0]
        yield found(
            first.path,
            f"l2({strengths(first.regularizer)[1]:g}) on the kernel of "
            f"{listed(one.path for one in penalised)} and weight_decay="
            f"{decay:g} of {type(subject.compiled.optimizer).__name__}: both "
            "pull the same weights towards 0.",
            "kernel_regularizer=None, and the optimizer's weight_decay alone.",
            [Repair("regularizer", None, one.path) for one in penalised],
        )
