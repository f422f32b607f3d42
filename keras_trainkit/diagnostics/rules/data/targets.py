"""Targets as data, their size, order and classes: the family X."""

import math

import numpy as np

from keras_trainkit.diagnostics.facts.heads import CROSSENTROPIES
from keras_trainkit.diagnostics.facts.heads import heads
from keras_trainkit.diagnostics.facts.start import first_output
from keras_trainkit.diagnostics.facts.updates import gets_to
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import HIDDEN
from keras_trainkit.diagnostics.rules.examples import ROWS
from keras_trainkit.diagnostics.rules.examples import SIGMOID
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule
from keras_trainkit.kernels.data_facts.rows import in_order

# Losses that grow with the size of the targets.
SIZED = (
    "mean_squared_error",
    "mean_absolute_error",
    "huber",
    "log_cosh",
)
LARGE, SMALL = 100, 0.02


@rule(
    "X107",
    name="targets of a regression that are not scaled",
    topic="preprocessing",
    severity="warning",
    confidence=0.5,
    needs=("compiled", "sample"),
    bad=program(
        HIDDEN,
        "Dense(1)",
        loss="mse",
        data=ROWS + "y = 3000 + 500 * x[:, 0]",
    ),
    good=program(
        HIDDEN,
        "Dense(1)",
        loss="mse",
        data=ROWS
        + "y = 3000 + 500 * x[:, 0]\n"
        + "center, scale = y.mean(), y.std()\n"
        + "y = (y - center) / scale",
    ),
)
def unscaled_targets(subject):
    """A new network puts out numbers near 0, of a size near 1.

    With targets in the hundreds the first thousands of updates only carry the
    output there; a squared error has gradients of their size, which make plain
    SGD diverge. Tiny targets drown in what the network puts out at first.
    Centre and scale them, predict those, and scale back. A last bias that
    begins at the targets' mean takes care of the mean.
    """
    for place, head in enumerate(heads(subject)):
        facts = head.targets
        if head.loss_name not in SIZED or facts is None or head.reproduces:
            continue
        if head.activation not in ("linear", "relu", "softplus"):
            continue
        if facts.kind not in ("real", "integers", "unit") or facts.constant:
            continue
        start = first_output(subject, place)
        size = math.hypot(facts.mean - start, facts.deviation)
        far = size > LARGE and not gets_to(subject, size)
        if not far and not 0 < size < SMALL:
            continue
        yield found(
            head.where,
            f"The targets are from {facts.lowest:.4g} to "
            f"{facts.highest:.4g} (mean {facts.mean:.4g}, standard deviation "
            f"{facts.deviation:.4g}); a new network's outputs are near 0, of "
            "a size near 1.",
            "center, scale = y.mean(), y.std(); y = (y - center) / scale. "
            "Predictions are then scale * model.predict(x) + center.",
            [Repair("scale_targets", "standard")],
            confidence=0.6 if size > 10 * LARGE else None,
        )


# Metrics for classes of which one is rare.
RARE_METRICS = {
    "auc",
    "f1_score",
    "false_negatives",
    "false_positives",
    "fbeta_score",
    "precision",
    "precision_at_recall",
    "recall",
    "recall_at_precision",
    "sensitivity_at_specificity",
    "specificity_at_sensitivity",
    "true_negatives",
    "true_positives",
}


@rule(
    "X108",
    name="one class above 90 %",
    topic="data",
    severity="warning",
    confidence=0.4,
    needs=("sample",),
    bad=program(
        HIDDEN,
        SIGMOID,
        loss="binary_crossentropy",
        data=ROWS + "y = (np.arange(60) % 20 == 0).astype(int)",
    ),
    good=program(
        HIDDEN,
        SIGMOID,
        loss="binary_crossentropy",
        data=ROWS + "y = (np.arange(60) % 3 == 0).astype(int)",
    ),
)
def one_class_dominates(subject):
    """Answering the commonest class every time is right nine times of ten.

    That is cheap to learn, and the accuracy looks good. Draw the rows anew
    until the classes are about 65 to 35, or weigh them. Probabilities that the
    network predicts are then of the drawn classes, not of the true ones: put
    the prior back, for two classes by adding
    `log(true odds / odds in training)` to the logit. Who measures precision,
    recall or the area under a curve knows that the classes are unlike, and
    `fit` may be given weights for them: advice then.
    """
    for head in heads(subject):
        facts = head.targets
        if facts is None or not facts.exclusive or facts.constant:
            continue
        rows, one_a_row = sum(facts.counts), len(facts.shape) < 2
        if rows < 50 or not one_a_row or facts.largest_share < 0.9:
            continue
        if not _classifies(head):
            continue
        weights = _weights(facts)
        place = int(np.argmax(facts.counts))
        written = ", ".join(f"{k}: {v:.3g}" for k, v in weights.items())
        yield found(
            head.where,
            f"{facts.largest_share:.1%} of {rows} rows are of class "
            f"{facts.classes[place]}.",
            f"fit(..., class_weight={{{written}}}), or draw rows until the "
            "classes are about 65 to 35. Predicted probabilities then need "
            "the prior put back: multiply their odds by the true odds over "
            "the odds in training.",
            [Repair("class_weight", weights)],
            severity="advice" if _is_known(subject) else None,
        )


def _is_known(subject):
    """Whether metrics or loss are those of someone who expects it."""
    compiled = subject.compiled
    if compiled is None:
        return False
    losses = [one.name for one in compiled.loss if one and one.name]
    named = {name for some in compiled.metrics for name in some if name}
    return bool(named & RARE_METRICS) or any("focal" in n for n in losses)


def _classifies(head):
    return head.loss_name in CROSSENTROPIES or head.counts_hits


def _weights(facts):
    rows, present = sum(facts.counts), [c for c in facts.counts if c]
    return {
        int(label): round(rows / (len(present) * count), 4)
        for label, count in zip(facts.classes, facts.counts, strict=True)
        if count
    }


@rule(
    "X109",
    name="targets that are all the same",
    topic="data",
    severity="error",
    confidence=0.9,
    needs=("compiled", "sample"),
    bad=program(
        HIDDEN,
        SIGMOID,
        loss="binary_crossentropy",
        data=ROWS + "y = np.ones(60)",
    ),
    good=program(
        HIDDEN,
        SIGMOID,
        loss="binary_crossentropy",
        data=ROWS + "y = (x[:, 0] > 0).astype(int)",
    ),
)
def constant_targets(subject):
    """With one and the same target there is nothing to tell apart.

    The output's bias learns it, and that is all. Often a comparison, a change
    of type or a split has made all labels alike: `(y / 255).astype(int)`, or
    the first part of rows that are sorted by class. With a loss of your own,
    which may not look at them, it is advice.
    """
    for head in heads(subject):
        facts = head.targets
        if facts is None or head.loss is None or len(head.y) < 4:
            continue
        if not _same(facts) or _trained_in_part(subject):
            continue
        part = subject.sample.is_dataset
        severity = "warning" if part else None
        # A loss of one's own may look at the outputs alone, as triplets' do.
        severity = "advice" if head.loss_name is None else severity
        rows = len(head.y)
        value = (
            facts.classes[int(np.argmax(facts.counts))]
            if (facts.classes)
            else facts.lowest
        )
        yield found(
            head.where,
            f"{'The first' if part else 'All'} {rows} targets are {value}.",
            "np.unique(y, return_counts=True) must show all classes: look "
            "at how y is made and split"
            + (", and shuffle before batching." if part else "."),
            severity=severity,
        )


def _same(facts):
    return facts.kind != "unknown" and facts.constant


def _trained_in_part(subject):
    """A generator that learns from a frozen critic has one target, rightly."""
    model = subject.given
    frozen = any(not layer.trainable for layer in model.layers)
    return frozen and bool(model.trainable_variables)


@rule(
    "X110",
    name="rows in the order of their classes",
    topic="data",
    severity="advice",
    confidence=0.35,
    needs=("sample",),
    bad=program(
        HIDDEN,
        SIGMOID,
        loss="binary_crossentropy",
        data=ROWS + "y = np.repeat([0, 1], 30)",
    ),
    good=program(
        HIDDEN,
        SIGMOID,
        loss="binary_crossentropy",
        data=ROWS
        + "y = np.repeat([0, 1], 30)\n"
        + "order = np.random.default_rng(1).permutation(len(x))\n"
        + "x, y = x[order], y[order]",
    ),
)
def sorted_rows(subject):
    """Batches of one class each teach the last one only.

    `fit` shuffles the rows of arrays, unless told `shuffle=False`, but
    `validation_split` takes the last rows before that: of sorted rows, the last
    class. A dataset comes in its own order: shuffle it before it is batched.
    """
    sample = subject.sample
    for head in heads(subject):
        facts = head.targets
        if facts is None or not facts.exclusive or len(facts.shape) > 1:
            continue
        y = _numbers(head.y, facts)
        if not in_order(y):
            continue
        unseen = _unseen(sample, head, facts)
        if sample.is_dataset:
            yield found(
                head.where,
                f"The first {len(y)} rows of the dataset come class by class.",
                "dataset.shuffle(number of rows) before .batch(...), or "
                "shuffle=True in the DataLoader.",
                [Repair("shuffle")],
                severity="warning",
                confidence=0.5,
            )
        else:
            yield found(
                head.where,
                f"The {sample.rows} rows are in the order of their classes: "
                "with shuffle=False every batch is of one class, and "
                "validation_split takes the last class only.",
                "order = np.random.default_rng(0).permutation(len(x)); "
                "x, y = x[order], y[order]",
                [Repair("shuffle")],
                severity="warning" if unseen else None,
            )


def _numbers(y, facts):
    y = y.argmax(-1) if facts.kind == "one_hot" else y
    return np.asarray(y).reshape(-1)


def _unseen(sample, head, facts):
    """Whether the validation data hold classes that x has none of."""
    held = sample.validation
    if held is None or len(held[1]) != 1 or len(sample.y) != 1:
        return False
    if held[1][0].shape[1:] != head.y.shape[1:]:
        return False
    theirs = set(_numbers(held[1][0], facts).tolist())
    return not theirs <= set(_numbers(sample.whole_y[0], facts).tolist())
