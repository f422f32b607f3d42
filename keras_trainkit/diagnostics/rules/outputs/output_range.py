"""What an output can reach, and what its loss wants: the family L."""

import math

import numpy as np

from keras_trainkit.diagnostics.facts.heads import REACH
from keras_trainkit.diagnostics.facts.heads import REGRESSION
from keras_trainkit.diagnostics.facts.heads import heads
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import HIDDEN
from keras_trainkit.diagnostics.rules.examples import LINE
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule


@rule(
    "L109",
    name="targets out of the output's reach",
    topic="activation",
    severity="error",
    confidence=0.9,
    needs=("compiled", "sample"),
    bad=program(
        HIDDEN,
        'Dense(1, activation="sigmoid")',
        loss="mse",
        inputs="(1,)",
        data=LINE,
    ),
    good=program(
        HIDDEN,
        "Dense(1)",
        loss="mse",
        inputs="(1,)",
        data=LINE,
    ),
)
def unreachable_targets(subject):
    """An output cannot leave the range of its last activation.

    A sigmoid ends at 0 and 1, a tanh at -1 and 1, a ReLU at 0. Targets beyond
    that push the last layer into saturation, where its gradient vanishes, and
    the predictions stick to the end of the range. A regression ends in a
    linear layer, or its targets are mapped into the range first.
    """
    for head in heads(subject):
        reach = REACH.get(head.activation)
        if reach is None or head.loss_name not in REGRESSION:
            continue
        facts = head.targets
        if facts is None or math.isnan(facts.lowest) or head.units is None:
            continue
        # Those are told by the rule on softmax over one unit.
        if head.activation == "softmax" and head.units == 1:
            continue
        outside, share = _outside(head.y, reach)
        if not outside and not _sums_apart(head):
            continue
        seen = (
            f"{share:.0%} of the targets lie outside (y is from "
            f"{facts.lowest:.4g} to {facts.highest:.4g})"
            if outside
            else "the targets of a row do not sum to 1"
        )
        yield found(
            head.where,
            f"The output is that of {head.activation}, "
            f"{_range(reach)}, but {seen}.",
            "No activation in the last layer for a regression"
            f"{_mapped(reach)}.",
            [Repair("activation", "linear", head.where)],
            severity="error" if share > 0.02 or not outside else "warning",
        )


def _outside(y, reach):
    """Returns whether targets are out of reach, and the share of those."""
    y = np.asarray(y, "float64")
    y = y[np.isfinite(y)]
    lowest, highest = reach
    width = highest - lowest if math.isfinite(highest - lowest) else 1.0
    slack = 0.01 * width
    outside = (y < lowest - slack) | (y > highest + slack)
    return bool(outside.any()), float(outside.mean()) if y.size else 0.0


def _sums_apart(head):
    apart = head.targets.kind in ("unit", "real", "multi_hot")
    return head.activation == "softmax" and apart and not head.reproduces


def _range(reach):
    lowest, highest = (f"{one:g}" for one in reach)
    if math.isinf(reach[1]):
        return f"not below {lowest}"
    return f"from {lowest} to {highest}"


def _mapped(reach):
    if math.isinf(reach[1]):
        return ""
    unit = "(y - y.min()) / (y.max() - y.min())"
    mapped = unit if reach[0] == 0 else f"2 * {unit} - 1"
    return f"; or map the targets into its range: y = {mapped}"


@rule(
    "L112",
    name="a loss for positive outputs",
    topic="activation",
    severity="warning",
    confidence=0.5,
    needs=("compiled",),
    bad=program(HIDDEN, "Dense(1)", loss="poisson"),
    good=program(HIDDEN, 'Dense(1, activation="exponential")', loss="poisson"),
)
def outputs_below_zero(subject):
    """The Poisson loss takes the logarithm of the outputs.

    A linear output or a tanh is negative at times, and the logarithm of that
    is NaN: one such row makes the whole network NaN. Counts take a softplus or
    an exponential in the end.
    """
    for head in heads(subject):
        negative = head.activation not in (
            None,
            "relu",
            "sigmoid",
            "softmax",
            "softplus",
            "exponential",
            "hard_sigmoid",
        )
        if head.loss_name == "poisson" and negative:
            yield found(
                head.where,
                f"poisson takes the logarithm of an output that "
                f"{head.activation} makes negative at times: NaN.",
                'activation="exponential" (or "softplus") in the last layer.',
                [Repair("activation", "exponential", head.where)],
            )


@rule(
    "L113",
    name="hinge without negative outputs",
    topic="activation",
    severity="warning",
    confidence=0.5,
    needs=("compiled",),
    bad=program(HIDDEN, 'Dense(1, activation="sigmoid")', loss="hinge"),
    good=program(HIDDEN, "Dense(1)", loss="hinge"),
)
def hinge_without_negatives(subject):
    """A hinge loss wants outputs above 1 for one class, below -1 for the other.

    A sigmoid or softmax never falls below 0, so rows of the negative class
    stay wrong. The last layer has no activation, or a tanh.
    """
    for head in heads(subject):
        positive = head.activation in ("sigmoid", "softmax", "relu")
        if head.loss_name in ("hinge", "squared_hinge") and positive:
            yield found(
                head.where,
                f"{head.loss_name} compares with -1 and 1, but "
                f"{head.activation} puts out nothing below 0.",
                'activation="tanh", or none, in the last layer.',
                [Repair("activation", "linear", head.where)],
            )
