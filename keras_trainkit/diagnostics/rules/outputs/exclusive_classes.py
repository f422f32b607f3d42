"""Classes that exclude each other, and those that do not: the family L."""

from keras_trainkit.diagnostics.facts.heads import BINARY
from keras_trainkit.diagnostics.facts.heads import CATEGORICAL
from keras_trainkit.diagnostics.facts.heads import SPARSE
from keras_trainkit.diagnostics.facts.heads import heads
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import HIDDEN
from keras_trainkit.diagnostics.rules.examples import NEURALINT
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule

# Of so many classes each has less than a tenth of the rows.
_MANY_CLASSES = 10


@rule(
    "L105",
    name="sigmoid with a loss for exclusive classes",
    topic="activation",
    severity="warning",
    confidence=0.6,
    needs=("compiled",),
    bad=program(
        HIDDEN,
        'Dense(3, activation="sigmoid")',
        loss="categorical_crossentropy",
    ),
    good=program(
        HIDDEN,
        'Dense(3, activation="softmax")',
        loss="categorical_crossentropy",
    ),
    reference=NEURALINT,
)
def sigmoid_with_categorical(subject):
    """A categorical crossentropy wants one distribution over the classes.

    Sigmoids say yes or no for each class by itself. With exclusive classes
    they take a softmax; with several labels a row the loss is the binary
    crossentropy. The loss only looks at the true class's share, so all
    sigmoids may grow towards 1 together and stop learning there.
    """
    for head in heads(subject):
        if head.loss_name not in (*CATEGORICAL, *SPARSE) or head.units == 1:
            continue
        if head.activation not in ("sigmoid", "hard_sigmoid"):
            continue
        if head.from_logits or _several_labels(head):
            continue
        yield found(
            head.where,
            f"{head.units} sigmoids with {head.loss_name}: the outputs are "
            "no distribution over the classes.",
            'activation="softmax" in the last layer (or, with several labels '
            'a row, loss="binary_crossentropy")',
            [Repair("activation", "softmax", head.where)],
        )


def _several_labels(head):
    return head.targets is not None and head.targets.kind == "multi_hot"


@rule(
    "L106",
    name="softmax with a loss for several labels",
    topic="loss",
    severity="warning",
    confidence=0.6,
    needs=("compiled",),
    bad=program(
        HIDDEN, 'Dense(5, activation="softmax")', loss="binary_crossentropy"
    ),
    good=program(
        HIDDEN,
        'Dense(5, activation="softmax")',
        loss="categorical_crossentropy",
    ),
    reference=NEURALINT,
)
def softmax_with_binary(subject):
    """The binary crossentropy judges every output by itself.

    For exclusive classes a softmax takes the categorical crossentropy: the
    binary one averages over all the classes that are not meant, so its
    gradient is weaker and its accuracy looks better than it is. Where rows may
    have several labels, the outputs of a softmax, which sum to 1, cannot say
    so, and the activation is a sigmoid. Over two units both losses are the
    same.
    """
    for head in heads(subject):
        if head.loss_name not in BINARY or head.activation != "softmax":
            continue
        if head.units in (1, None) or head.from_logits:
            continue
        if _several_labels(head):
            positive = _labels_per_row(head.y)
            yield found(
                head.where,
                f"A softmax over {head.units} units sums to 1, but the rows "
                f"of y hold {positive:.1f} labels on average: they are not "
                "exclusive.",
                'activation="sigmoid" in the last layer.',
                [Repair("activation", "sigmoid", head.where)],
                severity="error",
                topic="activation",
                confidence=0.85,
            )
        elif head.units > 2:
            column = head.targets is not None and head.targets.exclusive
            sparse = column and head.targets.kind != "one_hot"
            loss = f"{'sparse_' if sparse else ''}categorical_crossentropy"
            yield found(
                head.where,
                f"softmax over {head.units} classes with "
                f"{head.loss_name}: the classes are exclusive, the loss "
                "judges each by itself.",
                f'loss="{loss}"',
                [Repair("loss", loss)],
            )


def _labels_per_row(y):
    """Returns how many labels a row has on average."""
    return float(y.reshape(-1, y.shape[-1]).sum(-1).mean())


@rule(
    "L107",
    name="sigmoids for exclusive classes",
    topic="loss",
    severity="warning",
    confidence=0.35,
    needs=("compiled", "sample"),
    bad=program(
        HIDDEN,
        'Dense(10, activation="sigmoid")',
        loss="binary_crossentropy",
        data="x = np.random.default_rng(0).normal(size=(80, 4))\n"
        "y = np.eye(10)[np.arange(80) % 10]",
    ),
    good=program(
        HIDDEN,
        'Dense(10, activation="softmax")',
        loss="categorical_crossentropy",
        data="x = np.random.default_rng(0).normal(size=(80, 4))\n"
        "y = np.eye(10)[np.arange(80) % 10]",
    ),
)
def sigmoids_for_exclusive(subject):
    """Where every row has exactly one of several labels, a softmax fits.

    Sigmoids with the binary crossentropy learn each class against all others,
    which is sound for a few. From ten on nearly all targets are 0, and
    answering 0 everywhere is cheap: `binary_accuracy` is high while no row is
    told apart.
    """
    for head in heads(subject):
        if head.loss_name not in BINARY or head.activation != "sigmoid":
            continue
        facts = head.targets
        if facts is None or facts.kind != "one_hot" or (head.units or 0) < 3:
            continue
        if head.reproduces or sum(facts.counts) < 20:
            continue
        yield found(
            head.where,
            f"Each of {sum(facts.counts)} rows of y has exactly one of "
            f"{head.units} labels, but the outputs are {head.units} separate "
            "sigmoids.",
            'activation="softmax" with loss="categorical_crossentropy"',
            [
                Repair("activation", "softmax", head.where),
                Repair("loss", "categorical_crossentropy"),
            ],
            severity=None if head.units >= _MANY_CLASSES else "advice",
        )
