"""What layers show while they train: the family D.

In a network that learns these are advice at most: many that learn well have
dead units, or layers with small gradients.
"""

import numpy as np

from keras_trainkit.diagnostics.facts.heads import heads
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule
from keras_trainkit.diagnostics.rules.training.causes import causes
from keras_trainkit.diagnostics.rules.training.causes import rate_is
from keras_trainkit.diagnostics.rules.training.causes import rate_repair
from keras_trainkit.diagnostics.rules.training.causes import unscaled
from keras_trainkit.diagnostics.rules.training.programs import PROGRAMS

_DEAD, _MOST_DEAD = 0.9, 0.98
_VANISHED, _EXPLODED = 1e-6, 1e3


def probed(subject):
    """The latest probe after some training, or `None`."""
    probe = subject.training.probe
    if probe is None or not probe.epoch or subject.training.not_finite:
        return None
    return probe


def _severity(subject, topic):
    """A warning where this may be why a network does not learn, or `None`."""
    if not subject.training.stuck:
        return None
    likely = causes(subject)
    return "warning" if not likely or likely[0].topic == topic else None


@rule(
    "D112",
    name="dead-units",
    topic="activation",
    severity="advice",
    confidence=0.6,
    needs=("training",),
    **PROGRAMS["D112"],
)
def dead_units(subject):
    """Units that are 0 for every row, and so get no gradient any more.

    A large step has pushed their biases so low that nothing reaches them. With
    a high learning rate the topic is that, with inputs that are not scaled
    these, otherwise the activation.
    """
    probe = probed(subject)
    if probe is None:
        return
    for path, layer in probe.layers.items():
        if layer.dead is None or layer.dead < _DEAD or layer.shape[-1] < 4:
            continue
        learns = not subject.training.stuck
        if learns and layer.dead < _MOST_DEAD:
            continue
        message = (
            f"{layer.dead:.0%} of the units of {path} are 0 for every row of "
            f"the probe batch after epoch {probe.epoch}"
        )
        yield _of_dead(subject, path, message)
        return


def _of_dead(subject, path, message):
    if rate_is(subject) == "high":
        line, repairs = rate_repair(subject)
        return found(
            path,
            f"{message}, at a learning rate of {subject.training.rate:g}.",
            line,
            repairs,
            severity=_severity(subject, "learning_rate"),
            topic="learning_rate",
        )
    inputs = unscaled(subject)
    if inputs is not None:
        return found(
            path,
            f"{message}. {inputs.message}",
            inputs.fix,
            inputs.repairs,
            severity=_severity(subject, inputs.topic),
            topic=inputs.topic,
        )
    return found(
        path,
        f"{message}.",
        'activation="leaky_relu", or a lower learning rate',
        [Repair("activation", "leaky_relu", path)],
        severity=_severity(subject, "activation"),
    )


@rule(
    "D113",
    name="saturated-units",
    topic="activation",
    severity="advice",
    confidence=0.5,
    needs=("training",),
    **PROGRAMS["D113"],
)
def saturated_units(subject):
    """Hidden units at the ends of their range, where the slope is almost 0.

    Sigmoid and tanh saturate where their inputs are large: at too wide an
    initialisation, with inputs that are not scaled, after too large steps.
    """
    probe = probed(subject)
    if probe is None or not subject.training.stuck:
        return
    last = {head.where for head in heads(subject)}
    for path, layer in probe.layers.items():
        if path in last or (layer.saturated or 0) < _DEAD:
            continue
        inputs = unscaled(subject)
        yield found(
            path,
            f"{layer.saturated:.0%} of the outputs of {path} are at the ends "
            f"of its range after epoch {probe.epoch}."
            + (f" {inputs.message}" if inputs else ""),
            inputs.fix if inputs else 'activation="relu" in hidden layers',
            inputs.repairs if inputs else (Repair("activation", "relu", path),),
            severity=_severity(
                subject, inputs.topic if inputs else "activation"
            ),
            topic=inputs.topic if inputs else None,
        )
        return


@rule(
    "D114",
    name="vanishing-gradients",
    topic="activation",
    severity="advice",
    confidence=0.55,
    needs=("training",),
    **PROGRAMS["D114"],
)
def vanishing(subject):
    """A gradient that reaches the last layers and not the first ones.

    In each layer of sigmoids it shrinks to a quarter at most. ReLU with He's
    initialisation, BatchNormalization or connections around layers keep it.
    """
    ratios = _ratios(subject)
    if len(ratios) < 3 or not subject.training.stuck:
        return
    (first, least), most = ratios[0], max(ratio for _, ratio in ratios)
    if not 0 < least < 1e-4 * most:
        return
    yield found(
        first,
        f"The gradient of {first} is {least:.1e} of its weights, that of "
        f"other layers up to {most:.1e}.",
        'activation="relu" with kernel_initializer="he_normal", or '
        "BatchNormalization between the layers",
        [Repair("add_normalization")],
        severity=_severity(subject, "activation"),
    )


@rule(
    "D115",
    name="exploding-gradients",
    topic="learning_rate",
    severity="advice",
    confidence=0.55,
    needs=("training",),
    **PROGRAMS["D115"],
)
def exploding(subject):
    """Gradients a thousand times as large as the weights they change.

    Any customary learning rate overshoots then. Clip them, scale the inputs
    and targets, or normalise between the layers.
    """
    large = [(p, r) for p, r in _ratios(subject) if r > _EXPLODED]
    training = subject.training
    if not large or training.learns:
        return
    path, most = max(large, key=lambda one: one[1])
    inputs = unscaled(subject)
    yield found(
        path,
        f"The gradient of {path} is {most:.1e} times its weights."
        + (f" {inputs.message}" if inputs else ""),
        inputs.fix if inputs else "clipnorm=1.0, and a lower learning rate",
        inputs.repairs if inputs else (Repair("clipnorm", 1.0),),
        severity=_severity(
            subject, inputs.topic if inputs else "learning_rate"
        ),
        topic=inputs.topic if inputs else None,
    )


def _ratios(subject):
    """Pairs of a layer and the size of its gradient over its weights."""
    probe = probed(subject)
    if probe is None or probe.gradients is None:
        return []
    return [
        (path, ratio)
        for path, ratio in probe.gradients.ratios.items()
        if np.isfinite(ratio) and ratio > 0
    ]


@rule(
    "D116",
    name="size-of-updates",
    topic="learning_rate",
    severity="advice",
    confidence=0.5,
    needs=("training",),
    **PROGRAMS["D116"],
)
def size_of_updates(subject):
    """Kernels that hardly move in an epoch, or are replaced in each.

    Of a network that does not learn. Customary is that a kernel changes by
    some thousandth of its size an update. Where no kernel has moved at all and
    every gradient is 0, the loss does not depend on the outputs.
    """
    training, probe = subject.training, probed(subject)
    if probe is None:
        return
    if _never_moved(probe) and not training.learns:
        yield _of_no_gradient(subject)
        return
    if not probe.pace or not training.stuck:
        return
    path, most = max(probe.pace.items(), key=lambda one: one[1])
    if most < 1e-4:
        said, factor = f"by {most:.1e} of its size at most", 10.0
    elif most > 2.0:
        said, factor = f"by {most:.3g} times its size", 0.1
    else:
        return
    rate = training.rate or 0.0
    yield found(
        path,
        f"In an epoch the kernel of {path} changes {said}, at a learning rate "
        f"of {rate:g}.",
        f"A learning rate {factor:g} times as large",
        [Repair("learning_rate", rate * factor)] if rate else (),
        severity=_severity(subject, "learning_rate"),
    )


def _never_moved(probe):
    """Whether no gradient is above 0, and no kernel other than at the start."""
    if probe.gradients is None or not probe.moved:
        return False
    sizes = [*probe.gradients.layers.values(), *probe.moved.values()]
    return len(sizes) > len(probe.moved) and not any(sizes)


def _of_no_gradient(subject):
    # No rate makes a step of a gradient of 0.
    likely = [one for one in causes(subject) if one.topic != "learning_rate"]
    cause = next(iter(likely), None)
    message = (
        f"After {subject.training.updates} updates no kernel has moved, and "
        "the gradient of each layer is 0."
    )
    if cause is None:
        return found(
            "",
            message,
            "A loss and a last activation that fit the targets",
            topic="loss",
            severity="warning",
        )
    return found(
        cause.where,
        f"{message} Most likely: {cause.evidence.rstrip('.')}.",
        cause.fix,
        cause.repairs,
        severity="warning",
        topic=cause.topic,
    )
