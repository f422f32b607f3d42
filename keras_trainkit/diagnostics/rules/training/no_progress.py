"""A training that comes to nothing, and why: the family D."""

import math

from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule
from keras_trainkit.diagnostics.rules.training.causes import causes
from keras_trainkit.diagnostics.rules.training.causes import rate_is
from keras_trainkit.diagnostics.rules.training.causes import rate_repair
from keras_trainkit.diagnostics.rules.training.causes import unscaled
from keras_trainkit.diagnostics.rules.training.outputs import one_answer
from keras_trainkit.diagnostics.rules.training.programs import PROGRAMS
from keras_trainkit.kernels.training_curves.trend import finite
from keras_trainkit.kernels.training_curves.trend import level

# A loss this many times that of the start: finite weights may overflow then.
_BEYOND = 1e3


@rule(
    "D101",
    name="not-finite",
    topic="numerics",
    severity="error",
    confidence=0.95,
    needs=("training",),
    **PROGRAMS["D101"],
)
def not_finite(subject):
    """A loss that is NaN or infinite has ruined the weights.

    The finding says in which batch, and which layer was the first: found by a
    replay of plain gradient steps from the last finite weights on the probe
    batch. Where data hold NaN, these are the cause; where all layers were
    finite, the loss itself; where a layer or the gradient is not finite before
    any step, what is computed there; otherwise too large a learning rate.
    """
    seen = subject.training.not_finite
    if seen is None:
        return
    at = f"epoch {seen.epoch + 1}"
    if seen.batch is not None:
        at = f"batch {seen.batch + 1} of {at}"
    message = f"The loss was {seen.value:g} in {at}{_by_what(seen)}."
    if math.isfinite(seen.value):
        message = (
            f"Weights of {', '.join(seen.weights)} were NaN or infinite after "
            f"{at}, behind a loss of {seen.value:g}{_by_what(seen)}."
        )
    for name, count in (("x", seen.bad_inputs), ("y", seen.bad_targets)):
        if count:
            yield found(
                "",
                f"{message} {name} holds {count} values that are NaN or "
                "infinite.",
                f"{name} = np.nan_to_num({name}), or leave those rows out",
                topic="data",
            )
            return
    yield _of_the_weights(subject, seen, message)


def _by_what(seen):
    if seen.replayed == 0:
        what = (
            f"the outputs of {seen.layer} are"
            if seen.layer
            else ("all outputs are finite, the gradient is")
        )
        return f"; with the last finite weights {what} not"
    if seen.layer is None:
        return ""
    if seen.replayed is None:
        return f"; the first layer that was not finite is {seen.layer}"
    return (
        f"; {seen.replayed} plain gradient steps on the probe batch from the "
        "last finite weights lead there too, and the first layer that was not "
        f"finite is {seen.layer}"
    )


def _of_the_weights(subject, seen, message):
    wrong = [one for one in subject.training.causes if one.severity == "error"]
    if wrong:
        one = wrong[0]
        said = f"{message} {one.code}: {one.message}"
        return found(one.where, said, one.fix, one.repairs, topic=one.topic)
    if seen.replayed == 0 and not _blown_up(subject):
        return found(
            seen.layer or "",
            message,
            "keep logarithms, square roots, divisions and powers away from 0 "
            "and from large numbers, such as keras.ops.log(x + 1e-6)",
            topic="numerics",
        )
    inputs = unscaled(subject)
    if inputs is not None and rate_is(subject) != "high":
        said = f"{message} {inputs.message}"
        return found(
            inputs.where, said, inputs.fix, inputs.repairs, topic=inputs.topic
        )
    compiled = subject.compiled
    if compiled is None or compiled.optimizer is None:
        return found("", message, "A lower learning rate, or clipnorm=1.0")
    if not seen.probed and rate_is(subject) != "high":
        line, repairs = rate_repair(subject)
        return found(
            "",
            f"{message} Without a probe batch neither the data nor the layers "
            "were looked at.",
            f"Count np.isnan in the data first, or give TrainingDoctor(x, y); "
            f"then {line}, with clipnorm=1.0",
            repairs,
            topic="numerics",
        )
    if seen.layer is None and not seen.weights:
        return found(
            "",
            f"{message} All layers and weights were finite.",
            "A loss that is finite for every output: a small constant inside "
            "of a logarithm or a division",
            topic="loss",
        )
    line, repairs = rate_repair(subject)
    rate = subject.training.rate
    return found(
        seen.layer or "",
        f"{message} The learning rate was {rate or 0:g}.",
        f"{line}, with clipnorm=1.0 if that does not help",
        repairs,
        topic="learning_rate",
    )


def _blown_up(subject):
    """Whether the loss had grown beyond all measure before it was lost."""
    training = subject.training
    first = training.probes[0].loss if training.probes else None
    losses = finite(training.loss)
    if not first or not len(losses):
        return False
    return bool(losses.max() > _BEYOND * abs(first))


@rule(
    "D102",
    name="no-better-than-a-constant",
    topic="learning_rate",
    severity="warning",
    confidence=0.8,
    needs=("training",),
    **PROGRAMS["D102"],
)
def no_better_than_a_constant(subject):
    """A network that ignores its inputs would have a loss as good.

    That of the best constant is the entropy of the classes' shares, or the
    variance of the targets. After some hundred updates a network that learns
    is below it. Which topic the finding has depends on what else was seen:
    findings of the check before training, dead or saturated units, kernels
    that hardly move or move too far, outputs clipped by their activation.
    """
    training = subject.training
    if not training.stuck or training.not_finite is not None:
        return
    # Says more of the same.
    if list(one_answer(subject)):
        return
    message = (
        f"After {training.done} epochs ({training.updates} updates) the loss "
        f"is {level(training.loss):.4g}; the best constant prediction has "
        f"{training.constant:.4g}."
    )
    likely = causes(subject)
    if not likely:
        yield found(
            "",
            f"{message} Nothing else is conspicuous.",
            "Overfit one batch first: `check_model(model, x, y, overfit=True)`"
            ". If that works, the targets may not follow from the inputs; "
            "otherwise try another learning rate",
            confidence=0.4,
        )
        return
    for cause in likely[:1]:
        yield found(
            cause.where,
            f"{message} Most likely: {cause.evidence.rstrip('.')}.",
            cause.fix,
            cause.repairs,
            topic=cause.topic,
            confidence=cause.confidence,
        )
