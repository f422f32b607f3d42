"""How training, validation and accuracy part: the family D."""

import math

import numpy as np

from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule
from keras_trainkit.diagnostics.rules.training.curves import readable
from keras_trainkit.diagnostics.rules.training.programs import PROGRAMS
from keras_trainkit.kernels.training_curves import generalization
from keras_trainkit.kernels.training_curves.falling import fall
from keras_trainkit.kernels.training_curves.trend import level


@rule(
    "D108",
    name="accuracy-stands-still",
    topic="data",
    severity="advice",
    confidence=0.5,
    needs=("training",),
    **PROGRAMS["D108"],
)
def accuracy_stands_still(subject):
    """A loss that falls while the accuracy stays where it was.

    The probabilities become better and the decisions do not: often because one
    class is far more common, or because accuracy is the wrong measure for the
    targets.
    """
    training = subject.training
    if not readable(subject) or training.accuracy is None:
        return
    if not generalization.accuracy_stands_still(
        training.accuracy, training.loss
    ):
        return
    share = level(training.accuracy)
    classes = subject.compiled.loss[0]
    if classes is not None and not classes.is_classification:
        yield found(
            "",
            f"The accuracy stays at {share:.3f} while the loss falls: it "
            "counts predictions that equal their targets, and these are "
            "numbers.",
            'metrics=["mae"] for a regression',
            [Repair("metrics", ["mae"])],
            topic="loss",
        )
        return
    majority = training.majority
    if majority is not None and abs(share - majority) < 0.01 < majority - 0.5:
        yield found(
            "",
            f"The accuracy stays at {share:.3f} while the loss falls: the "
            f"share of the commonest class is {majority:.3f}.",
            "class_weight={...} in `fit`, and a metric that does not depend "
            "on the shares, such as keras.metrics.AUC()",
            [Repair("class_weight", "balanced")],
        )


@rule(
    "D109",
    name="overfits",
    topic="regularization",
    severity="advice",
    confidence=0.5,
    needs=("training",),
    **PROGRAMS["D109"],
)
def overfits(subject):
    """A validation loss that rises while the training loss falls.

    From that epoch on the network learns its training data by heart. Stop
    there, and keep those weights; then regularise, or add data.
    """
    training = subject.training
    if not readable(subject) or len(training.validation) != training.done:
        return
    best = generalization.overfits_from(training.loss, training.validation)
    if best is None:
        return
    values = training.validation
    yield found(
        "",
        f"The validation loss was lowest in epoch {best + 1} "
        f"({values[best]:.4g}) and is {level(values):.4g} now, while the "
        f"training loss fell from {training.loss[best]:.4g} to "
        f"{training.loss[-1]:.4g}.",
        "EarlyStopping(restore_best_weights=True), more data or "
        "augmentation, Dropout(0.3) or a smaller network",
        [Repair("epochs", best + 1), Repair("dropout_rate", 0.3)],
    )


@rule(
    "D110",
    name="underfits",
    topic="architecture",
    severity="advice",
    confidence=0.4,
    needs=("training",),
    **PROGRAMS["D110"],
)
def underfits(subject):
    """A training loss that has stopped, not far below that of a constant.

    Neither the training data nor others are predicted well: a larger network,
    another architecture, better inputs, or a rate that lets it get further.
    """
    training = subject.training
    if not training.ended or not readable(subject) or not training.learns:
        return
    if not generalization.underfits(training.loss, training.constant):
        return
    low = level(training.loss)
    if math.isclose(low, 0) or fall(training.loss) > 0.8:
        return
    accuracy = training.accuracy
    if accuracy is not None and np.nanmax(accuracy) > 0.9:
        return
    yield found(
        "",
        f"The loss has stopped at {low:.4g}; the best constant prediction "
        f"has {training.constant:.4g}.",
        "More units or layers, another learning rate "
        "(`tuning.find_learning_rate`), or inputs that tell more",
    )
