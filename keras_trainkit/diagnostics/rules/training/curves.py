"""What the curves of a training show: the family D."""

from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule
from keras_trainkit.diagnostics.rules.training.causes import causes
from keras_trainkit.diagnostics.rules.training.causes import rate_is
from keras_trainkit.diagnostics.rules.training.causes import rate_repair
from keras_trainkit.diagnostics.rules.training.causes import unscaled
from keras_trainkit.diagnostics.rules.training.programs import PROGRAMS
from keras_trainkit.kernels.training_curves.falling import falls_too_slowly
from keras_trainkit.kernels.training_curves.falling import still_falls
from keras_trainkit.kernels.training_curves.instability import is_diverging
from keras_trainkit.kernels.training_curves.instability import oscillates
from keras_trainkit.kernels.training_curves.instability import spikes
from keras_trainkit.kernels.training_curves.trend import finite


def readable(subject):
    """Whether the loss is one that falls where a network learns.

    Args:
        subject: A `Subject` with a `training`.
    """
    training = subject.training
    compiled = subject.compiled
    return (
        not training.own_step
        and training.not_finite is None
        and bool(training.loss)
        and compiled is not None
        and compiled.optimizer is not None
    )


@rule(
    "D103",
    name="falls-too-slowly",
    topic="learning_rate",
    severity="advice",
    confidence=0.6,
    needs=("training",),
    **PROGRAMS["D103"],
)
def too_slow(subject):
    """A loss that falls steadily, yet has lost next to nothing.

    Most of it is still to come, and each epoch brings as much as the one
    before: the steps are too small. A warning where the rate is below what is
    customary for the optimizer and the network is no better than a constant.
    """
    training = subject.training
    if not readable(subject) or not falls_too_slowly(training.loss):
        return
    if training.learns:
        return
    line, repairs = rate_repair(subject)
    low = rate_is(subject) == "low"
    yield found(
        "",
        f"In {training.done} epochs the loss has fallen steadily, but only "
        f"from {training.loss[0]:.4g} to {training.loss[-1]:.4g}, at a "
        f"learning rate of {training.rate or 0:g}.",
        f"{line if low else 'A learning rate ten times as large'}, or more "
        "epochs",
        repairs
        if low
        else (Repair("learning_rate", 10 * training.rate),)
        if training.rate
        else (),
        severity="warning" if low and training.learns is False else None,
    )


@rule(
    "D104",
    name="still-falling",
    topic="epochs",
    severity="advice",
    confidence=0.5,
    needs=("training",),
    **PROGRAMS["D104"],
)
def still_falling(subject):
    """A loss that was still falling when the training ended.

    The second half of the epochs brought a tenth of the whole fall, or more.
    More epochs would have lowered it further; whether validation follows is
    for its own curve to say. A warning where the network is no better than a
    constant at the end, and nothing else explains that.
    """
    training = subject.training
    if not training.ended or not readable(subject):
        return
    if not still_falls(training.loss) or _rises(training.validation):
        return
    half = training.loss[len(training.loss) // 2]
    others = any(one.confidence > 0.6 for one in causes(subject))
    unfinished = training.stuck and not others
    yield found(
        "",
        f"The loss was still falling at the end of epoch {training.done}: "
        f"from {half:.4g} to {training.loss[-1]:.4g} in the second half.",
        f"epochs={2 * training.done} or more, with EarlyStopping",
        [Repair("epochs", 3 * training.done)],
        severity="warning" if unfinished else None,
    )


def _rises(validation):
    values = finite(validation)
    return len(values) > 3 and values[-1] > 1.05 * values.min()


@rule(
    "D105",
    name="diverges",
    topic="learning_rate",
    severity="warning",
    confidence=0.85,
    needs=("training",),
    **PROGRAMS["D105"],
)
def diverges(subject):
    """A loss that rises above where it began.

    The steps overshoot: the learning rate is too high, or the inputs are so
    large that it is too high for them.
    """
    training = subject.training
    if not readable(subject) or not is_diverging(training.loss):
        return
    message = (
        f"The loss has risen from {training.loss[0]:.4g} to "
        f"{training.loss[-1]:.4g} in {training.done} epochs"
    )
    inputs = unscaled(subject)
    if inputs is not None and rate_is(subject) != "high":
        yield found(
            inputs.where,
            f"{message}. {inputs.message}",
            inputs.fix,
            inputs.repairs,
            topic=inputs.topic,
        )
        return
    line, repairs = rate_repair(subject)
    if rate_is(subject) != "high" and training.rate:
        lower = training.rate / 10
        line = f"A learning rate of {lower:g}"
        repairs = (Repair("learning_rate", lower),)
    yield found(
        "",
        f"{message}, at a learning rate of {training.rate or 0:g}.",
        line,
        repairs,
    )


@rule(
    "D106",
    name="oscillates",
    topic="learning_rate",
    severity="advice",
    confidence=0.5,
    needs=("training",),
    **PROGRAMS["D106"],
)
def swings(subject):
    """A loss that swings from epoch to epoch without falling.

    The learning rate is too high for the noise of the batches: lower it
    towards the end of the training, or take larger batches.
    """
    training = subject.training
    if not readable(subject) or not oscillates(training.loss):
        return
    last = finite(training.loss)[-6:]
    high = rate_is(subject) == "high" and training.learns is False
    yield found(
        "",
        f"In the last {len(last)} epochs the loss went up and down between "
        f"{last.min():.4g} and {last.max():.4g}, at a learning rate of "
        f"{training.rate or 0:g}.",
        "A learning rate a third as large, a schedule that lowers it "
        "(`callbacks.OneCycle`), or larger batches",
        [Repair("learning_rate", training.rate / 3)] if training.rate else (),
        severity="warning" if high else None,
    )


@rule(
    "D107",
    name="spikes",
    topic="learning_rate",
    severity="advice",
    confidence=0.3,
    needs=("training",),
    **PROGRAMS["D107"],
)
def jumps(subject):
    """Single epochs whose loss is far above that of their neighbours.

    Rare batches throw the weights far off. Clipped gradients (`clipnorm`)
    take the jumps away without slowing the rest.
    """
    training = subject.training
    if not training.ended or not readable(subject):
        return
    places = spikes(training.loss)
    if places:
        place = places[-1]
        yield found(
            "",
            f"The loss jumped to {training.loss[place]:.4g} in epoch "
            f"{place + 1}, from {training.loss[place - 1]:.4g} before.",
            "clipnorm=1.0 in the optimizer",
            [Repair("clipnorm", 1.0)],
        )
