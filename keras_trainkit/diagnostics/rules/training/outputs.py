"""What is wrong with the predictions of a training network: the family D."""

import numpy as np

from keras_trainkit.diagnostics.facts.heads import REACH
from keras_trainkit.diagnostics.facts.heads import heads
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule
from keras_trainkit.diagnostics.rules.training.causes import causes
from keras_trainkit.diagnostics.rules.training.layers import probed
from keras_trainkit.diagnostics.rules.training.programs import PROGRAMS
from keras_trainkit.kernels.training_curves.predictions import clipped_share
from keras_trainkit.kernels.training_curves.predictions import is_constant
from keras_trainkit.kernels.training_curves.predictions import predicted_classes
from keras_trainkit.kernels.training_curves.predictions import top_class


@rule(
    "D111",
    name="one-answer",
    topic="activation",
    severity="warning",
    confidence=0.7,
    needs=("training",),
    **PROGRAMS["D111"],
)
def one_answer(subject):
    """The same prediction for every row, or the same class.

    With a ReLU at the end, or dead layers, the outputs are constant because no
    gradient comes through; with one class far more common the network has
    found the cheapest answer. Nothing is said while a network is only
    beginning to learn.
    """
    training, probe = subject.training, probed(subject)
    if probe is None or training.learns or not training.seen_enough:
        return
    if training.learns is None and not is_constant(probe.outputs[0]):
        return
    message = _answer(subject, probe)
    if message is None:
        return
    cause = next(iter(causes(subject)), None)
    majority = training.majority or 0.0
    if majority > 0.8 and (cause is None or cause.confidence < 0.7):
        yield found(
            "",
            f"{message} {majority:.0%} of the rows are of one class.",
            "class_weight={...} in `fit`, or as many rows of each class",
            [Repair("class_weight", "balanced")],
            topic="data",
        )
    elif cause is not None:
        yield found(
            cause.where,
            f"{message} Most likely: {cause.evidence.rstrip('.')}.",
            cause.fix,
            cause.repairs,
            topic=cause.topic,
            confidence=min(cause.confidence, 0.7),
        )
    else:
        yield found(
            "",
            message,
            "A lower learning rate, standardised inputs, and an output that "
            "fits the targets",
            topic="learning_rate",
            confidence=0.4,
        )


def _answer(subject, probe):
    outputs, training = probe.outputs[0], subject.training
    if is_constant(outputs):
        return "The outputs are the same for all rows of the probe batch."
    if training.majority is None or training.y is None:
        return None
    if training.loss_name.startswith("binary") and outputs.shape[-1] > 1:
        return None
    bound = 0.0 if subject.compiled.loss[0].from_logits else 0.5
    name, share = top_class(outputs, bound)
    targets = np.asarray(training.y[0])
    one_hot = targets.ndim > 1 and targets.shape[-1] > 1
    classes = predicted_classes(targets) if one_hot else targets.ravel()
    if len(classes) != len(outputs) or share < 1.0:
        return None
    return (
        f"All {len(outputs)} rows of the probe batch are put into class "
        f"{name}; they are of {len(np.unique(classes))} classes."
    )


@rule(
    "D117",
    name="clipped-outputs",
    topic="activation",
    severity="warning",
    confidence=0.85,
    needs=("training",),
    **PROGRAMS["D117"],
)
def clipped_outputs(subject):
    """Predictions at the end of the range of the last activation.

    Targets lie beyond it: a ReLU cannot put out what is negative, a sigmoid
    nothing above 1. No gradient leads back from there.
    """
    training, probe = subject.training, probed(subject)
    if probe is None or training.y is None or len(probe.outputs) != 1:
        return
    head, outputs, y = heads(subject)[0], probe.outputs[0], training.y[0]
    reach = REACH.get(head.activation)
    if reach is None or np.size(y) != np.size(outputs):
        return
    outside, on_bound = clipped_share(outputs, y, *reach)
    if outside > 0.1 and on_bound > 0.1:
        yield found(
            head.where,
            f"{outside:.0%} of the targets lie outside of the range of "
            f"{head.activation}, and {on_bound:.0%} of the outputs on its "
            "bounds.",
            "No activation in the last layer",
            [Repair("activation", "linear", head.where)],
        )
