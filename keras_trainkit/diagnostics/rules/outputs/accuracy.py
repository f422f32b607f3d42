"""Metrics that do not fit: the family L."""

import keras

from keras_trainkit.backend.training.compile_arguments import compile_arguments
from keras_trainkit.diagnostics.facts.heads import CROSSENTROPIES
from keras_trainkit.diagnostics.facts.heads import REGRESSION
from keras_trainkit.diagnostics.facts.heads import heads
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import HIDDEN
from keras_trainkit.diagnostics.rules.examples import LINE
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule


@rule(
    "L110",
    name="accuracy of a regression",
    topic="loss",
    severity="advice",
    confidence=0.3,
    needs=("compiled",),
    bad=program(
        HIDDEN,
        "Dense(1)",
        loss="mse",
        inputs="(1,)",
        data=LINE,
        metrics='["accuracy"]',
    ),
    good=program(
        HIDDEN,
        "Dense(1)",
        loss="mse",
        inputs="(1,)",
        data=LINE,
        metrics='["mae"]',
    ),
    reference="https://arxiv.org/abs/2105.08095",
)
def accuracy_of_regression(subject):
    """Accuracy is the share of predictions that equal the target.

    Measured values are never hit exactly, so it stays near 0 however good the
    network is. It does not disturb training, but says nothing about it: look
    at the mean absolute error.
    """
    for head in heads(subject):
        if not head.counts_hits or head.loss_name not in REGRESSION:
            continue
        kind = None if head.targets is None else head.targets.kind
        measured = kind in ("real", "unit", "integers")
        open_end = head.activation in (None, "linear", "relu", "softplus")
        if measured or (kind is None and open_end and head.units == 1):
            yield found(
                head.where,
                f"metrics has an accuracy, but {head.loss_name} with "
                "measured targets is a regression: the accuracy stays near "
                "0 and means nothing.",
                'metrics=["mae"]',
                [Repair("metrics", ["mae"])],
                severity="warning" if measured else None,
            )


@rule(
    "L111",
    name="accuracy that cannot count these outputs",
    topic="loss",
    severity="warning",
    confidence=0.4,
    needs=("compiled",),
    bad=program(
        HIDDEN,
        'Dense(3, activation="softmax")',
        loss="categorical_crossentropy",
        metrics="[keras.metrics.Accuracy()]",
    ),
    good=program(
        HIDDEN,
        'Dense(3, activation="softmax")',
        loss="categorical_crossentropy",
        metrics='["accuracy"]',
    ),
)
def accuracy_of_another_kind(subject):
    """Each accuracy compares in its own way.

    `keras.metrics.Accuracy` asks whether the outputs equal the labels, which
    probabilities hardly ever do: it stays at 0. `"categorical_accuracy"` over
    one unit is always 1, since the largest of one output is that one.
    `"binary_accuracy"` for exclusive classes counts every class that is
    rightly not chosen. `metrics=["accuracy"]` chooses the right one.
    """
    for head in heads(subject):
        if head.loss_name not in CROSSENTROPIES or head.units is None:
            continue
        seen = _misfit(head, _given_metrics(subject.given))
        if seen:
            yield found(
                head.where,
                f"{seen}: what fit shows says nothing about the network.",
                'metrics=["accuracy"]',
                [Repair("metrics", ["accuracy"])],
            )


def _given_metrics(model):
    return keras.tree.flatten(compile_arguments(model).get("metrics"))


def _misfit(head, metrics):
    exact = [
        one
        for one in metrics
        if type(one) is keras.metrics.Accuracy or one == "Accuracy"
    ]
    if exact:
        return "keras.metrics.Accuracy counts outputs that equal the label"
    for name in ("categorical_accuracy", "sparse_categorical_accuracy"):
        if name in head.metrics and head.units == 1:
            return f"{name} over one unit is always the same"
    several = head.units > 2 and head.activation == "softmax"
    if "binary_accuracy" in head.metrics and several:
        return f"binary_accuracy with {head.units} exclusive classes"
    return ""
