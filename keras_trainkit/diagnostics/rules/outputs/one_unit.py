"""One unit where there should be several, or none of it: the family L."""

from keras_trainkit.diagnostics.facts.heads import CATEGORICAL
from keras_trainkit.diagnostics.facts.heads import REGRESSION
from keras_trainkit.diagnostics.facts.heads import SPARSE
from keras_trainkit.diagnostics.facts.heads import heads
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import HIDDEN
from keras_trainkit.diagnostics.rules.examples import NEURALINT
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule


@rule(
    "L103",
    name="softmax over one unit",
    topic="activation",
    severity="error",
    confidence=0.98,
    bad=program(
        HIDDEN, 'Dense(1, activation="softmax")', loss="binary_crossentropy"
    ),
    good=program(
        HIDDEN, 'Dense(1, activation="sigmoid")', loss="binary_crossentropy"
    ),
    reference=NEURALINT,
)
def softmax_over_one(subject):
    """A softmax makes its outputs sum to 1: a single one is always 1.

    The gradient is zero, nothing is learnt, and the accuracy stays at the
    share of the class 1. One unit takes a sigmoid.
    """
    for head in heads(subject):
        if head.activation != "softmax" or head.units != 1:
            continue
        facts = head.targets
        many = facts is not None and facts.kind in (
            "classes",
            "classes_from_one",
        )
        measured = facts is not None and facts.kind in ("real", "integers")
        if measured and head.loss_name in (*REGRESSION, None):
            wanted, loss = "linear", None
        elif many and head.classes > 2:
            wanted, loss = "softmax", "sparse_categorical_crossentropy"
        else:
            wanted, loss = "sigmoid", "binary_crossentropy"
        units = int(facts.highest) + 1 if wanted == "softmax" else 1
        repairs = [Repair("activation", wanted, head.where)]
        if units > 1:
            repairs.append(Repair("units", units, head.where))
        if loss and head.loss_name not in (None, loss):
            repairs.append(Repair("loss", loss))
        with_loss = f' and loss="{loss}"' if loss else ""
        yield found(
            head.where,
            "softmax over one unit: the output is 1.0 for every row, and the "
            "gradient is zero.",
            f'Dense({units}, activation="{wanted}"){with_loss}.',
            repairs,
        )


@rule(
    "L104",
    name="a loss for several classes over one unit",
    topic="loss",
    severity="error",
    confidence=0.95,
    needs=("compiled",),
    bad=program(
        HIDDEN,
        'Dense(1, activation="sigmoid")',
        loss="categorical_crossentropy",
    ),
    good=program(
        HIDDEN, 'Dense(1, activation="sigmoid")', loss="binary_crossentropy"
    ),
    reference=NEURALINT,
)
def classes_over_one(subject):
    """A categorical crossentropy compares classes: over one unit it is 0.

    Keras divides the outputs by their sum first, which makes a single output
    1, whatever the network computes. One unit takes the binary crossentropy.
    """
    for head in heads(subject):
        categorical = head.loss_name in (*CATEGORICAL, *SPARSE)
        if not categorical or head.units != 1 or head.activation == "softmax":
            continue
        several = head.classes > 2
        units = head.classes if several else 1
        wanted = "softmax" if several else "sigmoid"
        loss = (
            "sparse_categorical_crossentropy"
            if several
            else "binary_crossentropy"
        )
        repairs = [Repair("loss", loss)]
        if head.activation != wanted and head.activation is not None:
            repairs.append(Repair("activation", wanted, head.where))
        if several:
            repairs.append(Repair("units", units, head.where))
        yield found(
            head.where,
            f"{head.loss_name} over one unit: divided by its own sum the "
            "output is 1 in every row, and there is nothing to learn.",
            f'loss="{loss}" with Dense({units}, activation="{wanted}")',
            repairs,
        )
