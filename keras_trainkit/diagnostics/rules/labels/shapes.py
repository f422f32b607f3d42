"""The shape of targets against that of the outputs: the family Y."""

from keras_trainkit.diagnostics.facts.data.target_shapes import outcome
from keras_trainkit.diagnostics.facts.heads import BINARY
from keras_trainkit.diagnostics.facts.heads import CATEGORICAL
from keras_trainkit.diagnostics.facts.heads import NUMBERED
from keras_trainkit.diagnostics.facts.heads import REGRESSION
from keras_trainkit.diagnostics.facts.heads import heads
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule


@rule(
    "Y102",
    name="targets of another shape than the outputs",
    topic="architecture",
    severity="error",
    confidence=0.85,
    needs=("compiled", "sample"),
    bad=program(
        "LSTM(8, return_sequences=True)",
        "Dense(1)",
        loss="mse",
        inputs="(6, 2)",
        data="x = np.random.default_rng(0).normal(size=(60, 6, 2))\n"
        "y = x.mean((1, 2))[:, None]",
    ),
    good=program(
        "LSTM(8)",
        "Dense(1)",
        loss="mse",
        inputs="(6, 2)",
        data="x = np.random.default_rng(0).normal(size=(60, 6, 2))\n"
        "y = x.mean((1, 2))[:, None]",
    ),
)
def another_shape(subject):
    """Targets have the shape of the outputs, or are spread over them.

    Losses for measured values subtract. Where one side has an axis of size 1,
    or fewer axes, its numbers are repeated, without a word: every unit, or
    every time step, then learns the same target. A vector `(n,)` against
    `(n, 1)` is no fault in Keras's own losses, which add the axis; in a loss of
    your own it may become a table of `(n, n)`.
    """
    for head in heads(subject):
        if head.y is None or head.shape is None or head.targets is None:
            continue
        known = head.loss_name in (*REGRESSION, *BINARY, *CATEGORICAL)
        coding = head.units is not None and head.units > 1
        if not known or (coding and _told_as_coding(head)):
            continue
        result = outcome(head.shape, head.y.shape)
        if result == "same":
            continue
        one_hot = head.targets.kind == "one_hot" and head.units == 1
        units = head.y.shape[-1] if head.y.ndim > 1 else 1
        repeated = (
            "are repeated to fit, without an error"
            if result == "repeated" and head.loss_name in REGRESSION
            else "do not fit"
        )
        steps = len(head.shape) == 3 and head.y.ndim < 3
        if one_hot:
            fix = (
                f'Dense({units}, activation="softmax") with '
                'loss="categorical_crossentropy"'
            )
            repairs = [
                Repair("units", units, head.where),
                Repair("activation", "softmax", head.where),
                Repair("loss", "categorical_crossentropy"),
            ]
        elif steps:
            fix = (
                "return_sequences=False in the last recurrent layer (or a "
                "Flatten before the last layer), so that there is one "
                "output a row"
            )
            repairs = []
        else:
            fix = f"{units} units in the last layer, as y has values a row"
            repairs = [Repair("units", units, head.where)]
        sequence = _sequence_layer(subject) if steps else None
        yield found(
            sequence or head.where,
            f"The outputs have the shape {_shown(head.shape)}, the targets "
            f"{_shown((None, *head.y.shape[1:]))}: in {head.loss_name} they "
            f"{repeated}.",
            fix,
            repairs,
        )


def _sequence_layer(subject):
    """Returns the path of the last recurrent layer that returns a sequence."""
    paths = [
        node.path
        for node in subject.network.nodes
        if node.kind == "recurrent"
        and getattr(node.core, "return_sequences", False)
    ]
    return paths[-1] if paths else None


def _told_as_coding(head):
    classes = head.loss_name in (*CATEGORICAL, *BINARY)
    return classes and head.targets.kind in NUMBERED


def _shown(shape):
    return f"({', '.join('n' if one is None else str(one) for one in shape)})"
