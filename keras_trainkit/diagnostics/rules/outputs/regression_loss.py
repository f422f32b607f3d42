"""Losses for measured values with classes: the family L."""

from keras_trainkit.diagnostics.facts.heads import PROBABILITIES
from keras_trainkit.diagnostics.facts.heads import REGRESSION
from keras_trainkit.diagnostics.facts.heads import heads
from keras_trainkit.diagnostics.facts.updates import UNIT_STEPS
from keras_trainkit.diagnostics.facts.updates import gentleness
from keras_trainkit.diagnostics.facts.updates import travel
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import HIDDEN
from keras_trainkit.diagnostics.rules.examples import NEURALINT
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule

# The sum of SGD's rates at which small networks have learnt what they can.
_ENOUGH = 30


@rule(
    "L108",
    name="a loss for regression with classes",
    topic="loss",
    severity="warning",
    confidence=0.55,
    needs=("compiled",),
    bad=program(HIDDEN, 'Dense(3, activation="softmax")', loss="mse"),
    good=program(
        HIDDEN,
        'Dense(3, activation="softmax")',
        loss="categorical_crossentropy",
    ),
    reference=NEURALINT,
)
def regression_loss_for_classes(subject):
    """A squared error behind a softmax or sigmoid has hardly any gradient.

    Where the output is sure and wrong the activation is flat, and the squared
    error cannot make up for it as a crossentropy does. So training starts
    slowly and gets stuck; behind sigmoids Adam and its kin make up for it, and
    so does plain descent that goes on for long, so there it is advice. A
    linear output that is fitted to the numbers of classes moreover takes class
    3 to be nearer to 4 than to 9.
    """
    for head in heads(subject):
        if head.loss_name not in REGRESSION or head.reproduces:
            continue
        loss, activation, seen = _for_classes(head)
        if loss is None:
            continue
        repairs = [Repair("loss", loss)]
        line = f'loss="{loss}"'
        units = head.units
        if head.classes > 2 and units == 1:
            units = int(head.targets.highest) + 1
            repairs.append(Repair("units", units, head.where))
        if activation != head.activation:
            repairs.append(Repair("activation", activation, head.where))
        if activation != head.activation or units != head.units:
            line += f' with Dense({units}, activation="{activation}")'
        yield found(
            head.where,
            f"{head.loss_name}, a loss for measured values, {seen}.",
            line,
            repairs,
            severity="advice" if _learns(subject, head) else None,
        )


def _learns(subject, head):
    """Whether training gets over the small gradients.

    One-hot targets behind a linear output have no flat places. Behind
    sigmoids the gradient is small at worst; Adam and its kin divide by its
    size, and so much plain descent gets there as well.
    """
    if head.activation == "linear":
        return head.targets is not None and head.targets.kind == "one_hot"
    if head.activation != "sigmoid":
        return False
    moved, name = travel(subject), subject.compiled.optimizer_name
    if name in UNIT_STEPS:
        return True
    enough = moved is not None and moved * gentleness(subject) >= _ENOUGH
    return name == "sgd" and enough


def _for_classes(head):
    """Returns `(loss, activation, what was seen)`, or three times `None`."""
    facts = head.targets
    kind = None if facts is None else facts.kind
    one = head.units == 1
    nothing = None, None, None
    if kind in ("real", "unit", "distribution", "text", "unknown"):
        return nothing
    if facts is not None and facts.constant:
        return nothing
    if head.activation == "softmax" and not one:
        sparse = kind in ("classes", "binary", "classes_from_one")
        loss = f"{'sparse_' if sparse else ''}categorical_crossentropy"
        return loss, "softmax", f"behind a softmax over {head.units} classes"
    if kind == "one_hot" and facts.shape[-1] == head.units:
        seen = f"with one-hot targets of {head.units} classes"
        return "categorical_crossentropy", "softmax", seen
    if kind == "multi_hot" and head.activation == "sigmoid":
        small = facts.shape[-1] <= 64 and len(facts.shape) == 1
        seen = "behind sigmoids, with targets of 0 and 1"
        return ("binary_crossentropy", "sigmoid", seen) if small else nothing
    if kind == "binary" and one:
        if head.activation in ("sigmoid", "softmax"):
            seen = f"behind a {head.activation}, with targets of 0 and 1"
            return "binary_crossentropy", "sigmoid", seen
        if head.counts_hits:
            seen = "with targets of 0 and 1 and an accuracy"
            return "binary_crossentropy", "sigmoid", seen
    if kind == "classes" and one and head.counts_hits:
        unreachable = head.activation in (*PROBABILITIES, "tanh")
        if not unreachable:
            seen = f"with {head.classes} classes, numbered from 0, and accuracy"
            return "sparse_categorical_crossentropy", "softmax", seen
    unseen = kind is None and one and head.counts_hits
    if unseen and head.activation == "sigmoid":
        seen = "behind a sigmoid, and an accuracy"
        return "binary_crossentropy", "sigmoid", seen
    return nothing
