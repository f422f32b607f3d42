"""Labels that a loss has no place for: the family Y."""

from keras_trainkit.diagnostics.facts.heads import BINARY
from keras_trainkit.diagnostics.facts.heads import NUMBERED
from keras_trainkit.diagnostics.facts.heads import SPARSE
from keras_trainkit.diagnostics.facts.heads import heads
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import HIDDEN
from keras_trainkit.diagnostics.rules.examples import ROWS
from keras_trainkit.diagnostics.rules.examples import SIGMOID
from keras_trainkit.diagnostics.rules.examples import SOFTMAX
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule

SPARSE_LOSS = "sparse_categorical_crossentropy"
_NOISE = 0.1


@rule(
    "Y103",
    name="labels out of range",
    topic="data",
    severity="error",
    confidence=0.9,
    needs=("compiled", "sample"),
    bad=program(
        HIDDEN,
        SOFTMAX,
        loss="sparse_categorical_crossentropy",
        data=ROWS + "y = 1 + np.arange(60) % 3",
    ),
    good=program(
        HIDDEN,
        SOFTMAX,
        loss="sparse_categorical_crossentropy",
        data=ROWS + "y = np.arange(60) % 3",
    ),
)
def labels_out_of_range(subject):
    """K units know the classes 0 to K - 1.

    Labels that begin at 1, negative ones and those beyond the last unit are
    refused by some backends; others give a loss of NaN or look up nothing.
    """
    for head in heads(subject):
        facts = head.targets
        if head.loss_name not in SPARSE or facts is None:
            continue
        if facts.kind in ("real", "unit") and facts.shape in ((), (1,)):
            yield _measured(head)
            continue
        if head.units in (None, 1) or facts.shape[-1:] == (head.units,):
            continue
        if not (facts.highest >= head.units or facts.lowest < 0):
            continue
        from_one = facts.lowest == 1 and facts.highest == head.units
        units = int(facts.highest) + 1
        if from_one:
            fix, repairs = "y = y - 1", [Repair("targets", "from_zero")]
        elif facts.kind == "signed":
            fix = "y = (y + 1) // 2"
            repairs = [Repair("targets", "from_zero")]
        elif facts.lowest < 0:
            fix = "labels, y = np.unique(y, return_inverse=True)"
            repairs = [Repair("targets", "from_zero")]
        else:
            fix = f"{units} units in the last layer"
            repairs = [Repair("units", units, head.where)]
        yield found(
            head.where,
            f"The labels are from {facts.lowest:g} to {facts.highest:g}, but "
            f"{head.units} units are for the classes 0 to {head.units - 1}.",
            fix,
            repairs,
            topic="data" if from_one or facts.lowest < 0 else "architecture",
        )


def _measured(head):
    return found(
        head.where,
        f"{head.loss_name} takes numbers of classes, but y holds measured "
        f"values from {head.targets.lowest:.4g} to {head.targets.highest:.4g}.",
        'loss="mse" with Dense(1), a regression.',
        [
            Repair("loss", "mse"),
            Repair("activation", "linear", head.where),
            Repair("units", 1, head.where),
        ],
        topic="loss",
    )


@rule(
    "Y104",
    name="targets of a binary loss beyond 0 and 1",
    topic="data",
    severity="error",
    confidence=0.9,
    needs=("compiled", "sample"),
    bad=program(
        HIDDEN,
        SIGMOID,
        loss="binary_crossentropy",
        data=ROWS + "y = np.where(x[:, 0] > 0, 1, -1)",
    ),
    good=program(
        HIDDEN,
        SIGMOID,
        loss="binary_crossentropy",
        data=ROWS + "y = np.where(x[:, 0] > 0, 1, 0)",
    ),
)
def binary_targets(subject):
    """The binary crossentropy is for targets from 0 to 1.

    Beyond them it has no lowest value: the loss falls below zero and on, while
    the outputs run to one end. Labels of -1 and 1 are mapped to 0 and 1, three
    and more classes take a softmax, measured values a regression.
    """
    for head in heads(subject):
        facts = head.targets
        if head.loss_name not in BINARY or facts is None:
            continue
        if not (facts.lowest < -1e-6 or facts.highest > 1 + 1e-6):
            continue
        # Labels with a little noise, as discriminators are given.
        noisy = facts.lowest >= -_NOISE and facts.highest <= 1 + _NOISE
        coded = facts.kind in NUMBERED and (head.units or 1) > 1
        if coded or (facts.constant and not head.reproduces):
            continue
        fix, repairs, topic = _for_binary(head)
        yield found(
            head.where,
            f"{head.loss_name} takes targets from 0 to 1, but y is from "
            f"{facts.lowest:.4g} to {facts.highest:.4g}.",
            fix,
            repairs,
            topic=topic,
            severity="advice" if noisy and head.loss.from_logits else None,
        )


def _for_binary(head):
    """Returns `(fix, repairs, topic)`."""
    facts = head.targets
    zero = [Repair("targets", "from_zero")]
    if facts.kind == "signed":
        return "y = (y + 1) / 2", zero, "data"
    if facts.kind == "classes_from_one" and len(facts.classes) == 2:
        return "y = y - 1", zero, "data"
    if facts.kind in NUMBERED:
        shift = " and y = y - 1" if facts.kind == "classes_from_one" else ""
        units = len(facts.classes)
        repairs = [
            Repair("units", units, head.where),
            Repair("activation", "softmax", head.where),
            Repair("loss", SPARSE_LOSS),
        ]
        line = f'Dense({units}, activation="softmax") with loss="{SPARSE_LOSS}"'
        return f"{line}{shift}", repairs + (zero if shift else []), "loss"
    if head.reproduces or (facts.lowest >= 0 and facts.highest == 255):
        line = "y = (y - y.min()) / (y.max() - y.min())"
        if facts.lowest >= 0 and facts.highest <= 255:
            line = "y = y / 255"
        return line, [Repair("scale_targets", "unit")], "preprocessing"
    repairs = [
        Repair("loss", "mse"),
        Repair("activation", "linear", head.where),
    ]
    return 'loss="mse" and no activation in the last layer', repairs, "loss"
