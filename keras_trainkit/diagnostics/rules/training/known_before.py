"""Errors that were there before the training, and hide in it: the family D."""

from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule
from keras_trainkit.diagnostics.rules.training.layers import probed
from keras_trainkit.diagnostics.rules.training.programs import PROGRAMS


@rule(
    "D118",
    name="learns in spite of an error",
    topic="loss",
    severity="warning",
    confidence=0.8,
    needs=("training",),
    **PROGRAMS["D118"],
)
def in_spite_of_an_error(subject):
    """A loss that falls, and a program that does not do what it says.

    Probabilities taken for logits, labels that no unit is for, targets that
    the output cannot reach: gradient descent makes something of them, slower
    and worse than it could be, and the curves look as if all were well. What
    `check_model` calls an error is told here where the training does not show
    it. Of a network that does not learn, other findings say so with the cause.
    """
    training = subject.training
    if training.own_step or probed(subject) is None:
        return
    if training.learns is False:
        return
    errors = [one for one in training.causes if one.severity == "error"]
    for one in sorted(errors, key=lambda one: -one.confidence)[:1]:
        yield found(
            one.where,
            f"{one.code}: {one.message}",
            one.fix,
            one.repairs,
            topic=one.topic,
            confidence=one.confidence,
        )
