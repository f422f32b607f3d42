"""What a crossentropy is given: the family L."""

import math

from keras_trainkit.diagnostics.facts.heads import BINARY
from keras_trainkit.diagnostics.facts.heads import CATEGORICAL
from keras_trainkit.diagnostics.facts.heads import CROSSENTROPIES
from keras_trainkit.diagnostics.facts.heads import DIVERGENCE
from keras_trainkit.diagnostics.facts.heads import PROBABILITIES
from keras_trainkit.diagnostics.facts.heads import heads
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import HIDDEN
from keras_trainkit.diagnostics.rules.examples import NEURALINT
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule


@rule(
    "L101",
    name="probabilities taken for logits",
    topic="loss",
    severity="error",
    confidence=0.9,
    needs=("compiled",),
    bad=program(
        HIDDEN,
        'Dense(3, activation="softmax")',
        loss="keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
    ),
    good=program(
        HIDDEN,
        "Dense(3)",
        loss="keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
    ),
    reference=NEURALINT,
)
def probabilities_as_logits(subject):
    """A crossentropy with `from_logits=True` applies the softmax or sigmoid.

    After a layer that has done so already the outputs are squeezed twice: they
    lie between 0 and 1, so the probabilities that the loss sees can never come
    near 0 or 1. The loss stays high and gradients are small.
    """
    for head in heads(subject):
        bounded = head.activation in (*PROBABILITIES, "tanh", "softsign")
        crossentropy = head.loss_name in CROSSENTROPIES
        if not (crossentropy and head.from_logits and bounded):
            continue
        if head.units == 1 and head.activation == "softmax":
            continue
        lowest = _lowest_loss(head)
        yield found(
            head.where,
            f"The output ends in {head.activation}, and "
            f"{head.loss_name} has from_logits=True, which applies another "
            f"{_inner(head)}. The loss of a right answer cannot fall below "
            f"{lowest:.2f}.",
            f"Either leave the activation out (keep from_logits=True), or "
            f"write loss=keras.losses.{_class_name(head.loss_name)}()",
            [Repair("activation", "linear", head.where)]
            if head.activation in ("tanh", "softsign")
            else [Repair("from_logits", False)],
        )


def _lowest_loss(head):
    reach = 1.0
    if head.loss_name in BINARY:
        return math.log(1 + math.exp(-reach))
    spread = reach * (2 if head.activation in ("tanh", "softsign") else 1)
    return math.log(1 + ((head.units or 2) - 1) * math.exp(-spread))


def _inner(head):
    return "sigmoid" if head.loss_name in BINARY else "softmax"


def _class_name(loss):
    return "".join(part.title() for part in loss.split("_"))


@rule(
    "L102",
    name="no probabilities for a crossentropy",
    topic="activation",
    severity="error",
    confidence=0.9,
    needs=("compiled",),
    bad=program(HIDDEN, "Dense(3)", loss="sparse_categorical_crossentropy"),
    good=program(
        HIDDEN,
        'Dense(3, activation="softmax")',
        loss="sparse_categorical_crossentropy",
    ),
    reference=NEURALINT,
)
def no_probabilities(subject):
    """A crossentropy takes probabilities, unless told that it gets logits.

    Keras clips whatever it is given to the range from 0 to 1, and where it
    clips there is no gradient. Outputs of a linear layer, a ReLU or a tanh are
    clipped often: the network learns badly or not at all, and the loss is
    large from the start.
    """
    for head in heads(subject):
        known = head.activation not in (None, *PROBABILITIES)
        if head.loss_name not in (*CROSSENTROPIES, *DIVERGENCE) or not known:
            continue
        rectified = head.activation in ("relu", "relu6", "softplus")
        if head.from_logits and not rectified:
            continue
        if head.units == 1 and head.loss_name not in BINARY:
            continue
        # Their outputs are divided by their sum: nearly a distribution.
        if head.activation == "exponential" and head.loss_name in CATEGORICAL:
            continue
        wanted = "sigmoid" if head.loss_name in BINARY else "softmax"
        takes = "logits of either sign" if head.from_logits else "probabilities"
        logits = (
            ""
            if head.from_logits
            or head.activation != "linear"
            or head.loss_name in DIVERGENCE
            else ", or keep the layer and write loss=keras.losses."
            f"{_class_name(head.loss_name)}(from_logits=True)"
        )
        line = "no activation" if head.from_logits else f'"{wanted}"'
        yield found(
            head.where,
            f"The output is {_said(head.activation)}, but {head.loss_name} "
            f"takes {takes}.",
            f"activation={line} in the last layer{logits}.",
            [
                Repair(
                    "activation",
                    "linear" if head.from_logits else wanted,
                    head.where,
                )
            ],
        )


def _said(activation):
    plain = activation in (None, "linear")
    return "linear" if plain else f"that of {activation}"


@rule(
    "L114",
    name="softmax over another axis than the classes",
    topic="activation",
    severity="error",
    confidence=0.85,
    needs=("compiled",),
    bad=program(
        "Dense(3)",
        "Softmax(axis=1)",
        loss="sparse_categorical_crossentropy",
        inputs="(6, 4)",
    ),
    good=program(
        "Dense(3)",
        "Softmax()",
        loss="sparse_categorical_crossentropy",
        inputs="(6, 4)",
    ),
)
def softmax_over_another_axis(subject):
    """A crossentropy takes the last axis for the classes.

    A softmax over another one shares 1 out among time steps or places: the
    scores of a row's classes then do not compete, and their sum is not 1.
    """
    for output, head in zip(
        subject.network.outputs, heads(subject), strict=False
    ):
        axis = _softmax_axis(output, len(head.shape or ()))
        if axis is not None and head.loss_name in CROSSENTROPIES:
            yield found(
                head.where,
                f"The softmax runs over axis {axis} of outputs of shape "
                f"{head.shape}, and {head.loss_name} takes the last axis for "
                "the classes.",
                "keras.layers.Softmax(axis=-1)",
                [Repair("activation", "softmax", head.where)],
            )


def _softmax_axis(node, rank):
    """Returns the axis of a softmax that is not the last, or `None`."""
    axis = getattr(node.core, "axis", None)
    if node.activation != "softmax" or not isinstance(axis, int):
        return None
    return axis if axis not in (-1, rank - 1) else None
