"""The coding of labels against the loss: the family Y."""

from keras_trainkit.diagnostics.facts.heads import BINARY
from keras_trainkit.diagnostics.facts.heads import CATEGORICAL
from keras_trainkit.diagnostics.facts.heads import NUMBERED
from keras_trainkit.diagnostics.facts.heads import SPARSE
from keras_trainkit.diagnostics.facts.heads import heads
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import HIDDEN
from keras_trainkit.diagnostics.rules.examples import ROWS
from keras_trainkit.diagnostics.rules.examples import SOFTMAX
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule

SPARSE_LOSS = "sparse_categorical_crossentropy"


@rule(
    "Y101",
    name="labels of another coding than the loss",
    topic="loss",
    severity="error",
    confidence=0.9,
    needs=("compiled", "sample"),
    bad=program(
        HIDDEN,
        SOFTMAX,
        loss="categorical_crossentropy",
        data=ROWS + "y = np.arange(60) % 3",
    ),
    good=program(
        HIDDEN,
        SOFTMAX,
        loss="sparse_categorical_crossentropy",
        data=ROWS + "y = np.arange(60) % 3",
    ),
    reference="https://arxiv.org/abs/2105.08095",
)
def another_coding(subject):
    """Numbers of classes take a sparse loss, one-hot rows a plain one.

    `categorical_crossentropy` and `binary_crossentropy` compare targets of the
    shape of the outputs, `sparse_categorical_crossentropy` one number a row.
    """
    for head in heads(subject):
        if head.targets is None or head.units is None or head.units < 2:
            continue
        kind, last = head.targets.kind, head.targets.shape[-1:]
        one_number = last in ((), (1,)) or len(head.y.shape) < len(head.shape)
        if head.loss_name in (*CATEGORICAL, *BINARY) and one_number:
            if kind not in NUMBERED:
                continue
            loss = SPARSE_LOSS
            seen = f"y holds one number of a class a row, {_row(head)}"
            fix = f'loss="{loss}" (with a softmax)'
            if head.loss_name in BINARY:
                fix += ', or Dense(1, activation="sigmoid") for two classes'
        elif head.loss_name in SPARSE and kind in ("one_hot", "distribution"):
            loss = "categorical_crossentropy"
            seen = f"y is one-hot, {_row(head)}"
            fix = f'loss="{loss}"'
        else:
            continue
        yield found(
            head.where,
            f"{seen}, which {head.loss_name} over {head.units} units does "
            "not take.",
            fix,
            [Repair("loss", loss)],
        )


def _row(head):
    return f"shape {head.y.shape[1:]} a row"


@rule(
    "Y105",
    name="targets that are no distribution",
    topic="loss",
    severity="error",
    confidence=0.8,
    needs=("compiled", "sample"),
    bad=program(
        HIDDEN,
        SOFTMAX,
        loss="categorical_crossentropy",
        data=ROWS + "y = (x[:, :3] > 0).astype(int)",
    ),
    good=program(
        HIDDEN,
        'Dense(3, activation="sigmoid")',
        loss="binary_crossentropy",
        data=ROWS + "y = (x[:, :3] > 0).astype(int)",
    ),
)
def no_distribution(subject):
    """A categorical crossentropy is for rows that sum to 1.

    Rows with several labels, or with none, ask a softmax for what it cannot
    give: they take sigmoids and the binary crossentropy. Measured values take
    a linear layer and a squared error.
    """
    for head in heads(subject):
        facts = head.targets
        if head.loss_name not in CATEGORICAL or facts is None:
            continue
        if head.units == 1 or facts.shape[-1:] != (head.units,):
            continue
        if facts.kind == "multi_hot":
            sums = head.y.reshape(-1, head.units).sum(-1)
            share = float((sums != 1).mean())
            if share < 0.02:
                continue
            yield found(
                head.where,
                f"{share:.0%} of the rows of y have no label or several "
                f"({sums.mean():.1f} on average), but {head.loss_name} is "
                "for one.",
                'activation="sigmoid" with loss="binary_crossentropy"',
                [
                    Repair("activation", "sigmoid", head.where),
                    Repair("loss", "binary_crossentropy"),
                ],
            )
        elif facts.kind == "real":
            yield found(
                head.where,
                f"{head.loss_name} takes probabilities of classes, but y "
                f"holds values from {facts.lowest:.4g} to "
                f"{facts.highest:.4g}.",
                'loss="mse" and no activation in the last layer, for a '
                "regression; keras.utils.to_categorical(y) for classes.",
                [
                    Repair("loss", "mse"),
                    Repair("activation", "linear", head.where),
                ],
            )


@rule(
    "Y106",
    name="labels of text",
    topic="data",
    severity="error",
    confidence=0.9,
    needs=("sample",),
    bad=program(
        HIDDEN,
        SOFTMAX,
        loss="sparse_categorical_crossentropy",
        data=ROWS + 'y = np.array(["ant", "bee", "cat"] * 20)',
    ),
    good=program(
        HIDDEN,
        SOFTMAX,
        loss="sparse_categorical_crossentropy",
        data=ROWS
        + 'y = np.array(["ant", "bee", "cat"] * 20)\n'
        + "names, y = np.unique(y, return_inverse=True)",
    ),
)
def labels_of_text(subject):
    """A loss computes with numbers: names of classes are numbered first."""
    for head in heads(subject):
        if head.targets is not None and head.targets.kind == "text":
            shown = ", ".join(
                repr(str(one)) for one in head.targets.classes[:3]
            )
            yield found(
                head.where,
                f"y holds text: {shown}.",
                "names, y = np.unique(y, return_inverse=True)",
                [Repair("targets", "sparse")],
            )
