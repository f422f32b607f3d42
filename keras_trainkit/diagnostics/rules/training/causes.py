"""Why a network has not learnt: symptoms of its training and its make-up."""

import dataclasses

import numpy as np

from keras_trainkit.diagnostics.facts.heads import REACH
from keras_trainkit.diagnostics.facts.heads import heads
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.kernels.training_curves.instability import oscillates
from keras_trainkit.kernels.training_curves.predictions import clipped_share
from keras_trainkit.kernels.training_curves.trend import finite

# Learning rates that are customary: (lowest, highest). Adadelta's and
# Adagrad's own scale makes small ones useless.
_RATES = {
    "sgd": (1e-3, 0.1),
    "adagrad": (3e-3, 0.3),
    "adadelta": (0.05, 2.0),
    "ftrl": (3e-3, 0.3),
    "lion": (1e-6, 1e-3),
}
_ADAPTIVE = (1e-5, 1e-2)
# Of a layer's size at the start: a network whose kernels have moved less has
# not been trained, one whose kernels have moved more has been thrown about.
_HARDLY, _FAR = 0.02, 20.0
_WHOLE = 0.95


@dataclasses.dataclass(frozen=True)
class Cause:
    """What may keep a network from learning.

    Attributes:
        topic: One of `TOPICS`.
        where: Path of the layer, or `""`.
        evidence: A sentence with what was seen.
        fix: What to write instead.
        confidence: Float from 0 to 1.
        repairs: Tuple of `Repair`s.
    """

    topic: str
    where: str
    evidence: str
    fix: str
    confidence: float
    repairs: tuple = ()


def causes(subject):
    """Returns the causes for which there is evidence, the likeliest first.

    Args:
        subject: A `Subject` with a `training`.
    """
    looks = (_told, _clipped, _dead, _saturated, _unmoved, _thrown, _swinging)
    found = [cause for look in looks for cause in look(subject)]
    return sorted(found, key=lambda cause: -cause.confidence)


def rate_is(subject):
    """Returns `"low"` or `"high"` for an uncustomary rate, else `None`."""
    rate, compiled = subject.training.rate, subject.compiled
    if rate is None or compiled is None or compiled.optimizer is None:
        return None
    lowest, highest = _RATES.get(compiled.optimizer_name, _ADAPTIVE)
    if rate < lowest:
        return "low"
    return "high" if rate > highest else None


def customary_rate(subject):
    """Returns a rate to begin with for the optimizer, a float."""
    name = subject.compiled.optimizer_name
    return {"sgd": 0.01, "adadelta": 1.0, "lion": 1e-4}.get(name, 1e-3)


def rate_repair(subject):
    """Returns the line and the repairs that set a customary rate."""
    rate = customary_rate(subject)
    line = f"{subject.compiled.constructor}({rate:g})"
    return line, (Repair("learning_rate", rate),)


def unscaled(subject):
    """Returns the finding that inputs are not scaled, or `None`."""
    return _warned_of(subject, "preprocessing")


def _warned_of(subject, topic):
    """Returns the first finding before training of a topic, or `None`."""
    return next(
        (
            one
            for one in subject.training.causes
            if one.topic == topic and one.severity != "advice"
        ),
        None,
    )


def _told(subject):
    """What the rules that look before training have warned of."""
    weights = {"error": 0.9, "warning": 0.5}
    for one in subject.training.causes:
        if one.severity in weights:
            confidence = weights[one.severity] + 0.1 * one.confidence
            if one.topic == "initialization" and _vanishes(
                subject.training.probe
            ):
                # Seen, too, what it was said to lead to.
                confidence += 0.15
            yield Cause(
                one.topic,
                one.where,
                f"{one.code}: {one.message}",
                one.fix,
                confidence,
                one.repairs,
            )


def _clipped(subject):
    probe, training = subject.training.probe, subject.training
    if probe is None or training.y is None:
        return
    rows = zip(heads(subject), probe.outputs, training.y, strict=False)
    for head, out, y in rows:
        reach = REACH.get(head.activation)
        if reach is None or head.activation == "softmax":
            continue
        if np.size(out) != np.size(y):
            continue
        outside, on_bound = clipped_share(out, y, *reach)
        if on_bound > _WHOLE and (outside > 0.1 or head.activation == "relu"):
            yield Cause(
                "activation",
                head.where,
                f"{on_bound:.0%} of the outputs lie on the bounds of "
                f"{head.activation}, where its gradient is 0",
                "No activation in the last layer of a regression; sigmoid or "
                "softmax in that of a classifier",
                0.85,
                (Repair("activation", "linear", head.where),),
            )


def _dead(subject):
    probe = subject.training.probe
    if probe is None:
        return
    for path, layer in probe.layers.items():
        if layer.dead is None or layer.dead < _WHOLE:
            continue
        seen = f"{layer.dead:.0%} of the units of {path} are 0 for every row"
        if rate_is(subject) == "high":
            line, repairs = rate_repair(subject)
            rate = subject.training.rate
            yield Cause(
                "learning_rate",
                path,
                f"{seen}, at a learning rate of {rate:g}",
                line,
                0.8,
                repairs,
            )
        elif unscaled(subject) is None:
            yield Cause(
                "activation",
                path,
                seen,
                'activation="leaky_relu" with '
                'kernel_initializer="he_normal", or a lower learning rate',
                0.6,
                (Repair("activation", "leaky_relu", path),),
            )
        return


def _saturated(subject):
    probe = subject.training.probe
    if probe is None:
        return
    last = {head.where for head in heads(subject)}
    for path, layer in probe.layers.items():
        if path in last or (layer.saturated or 0) < 0.9:
            continue
        at_start = subject.training.probes[0].layers.get(path)
        began = at_start is not None and (at_start.saturated or 0) > 0.5
        seen = f"{layer.saturated:.0%} of the outputs of {path} are saturated"
        if not began and rate_is(subject) == "high":
            line, repairs = rate_repair(subject)
            seen += f", at a learning rate of {subject.training.rate:g}"
            yield Cause("learning_rate", path, seen, line, 0.75, repairs)
        elif unscaled(subject) is None:
            yield Cause(
                "activation",
                path,
                seen + (", from the start on" if began else ""),
                'activation="relu" in hidden layers, and standardised inputs',
                0.55,
                (Repair("activation", "relu", path),),
            )
        return


def _unmoved(subject):
    training, moved = subject.training, _moves(subject)
    if moved is None or max(moved.values()) > _HARDLY:
        if rate_is(subject) == "low":
            line, repairs = rate_repair(subject)
            seen = f"the learning rate is {training.rate:g}"
            yield Cause("learning_rate", "", seen, line, 0.7, repairs)
        return
    path, most = max(moved.items(), key=lambda one: one[1])
    seen = (
        f"after {training.updates} updates no kernel has moved by more than "
        f"{most:.2%} of its size ({path})"
    )
    if rate_is(subject) == "low":
        line, repairs = rate_repair(subject)
        seen += f", at a learning rate of {training.rate:g}"
        yield Cause("learning_rate", "", seen, line, 0.85, repairs)
    elif _vanishes(training.probe):
        yield Cause(
            "activation",
            path,
            f"{seen}, and hardly any gradient reaches the first layers",
            'activation="relu" with kernel_initializer="he_normal" in hidden '
            "layers, or BatchNormalization between them",
            0.6,
        )
    else:
        yield Cause(
            "learning_rate",
            "",
            f"{seen}, at a learning rate of {training.rate or 0:g}",
            "A learning rate ten times as large, or "
            "`tuning.find_learning_rate`; or more epochs",
            0.5,
        )


def _thrown(subject):
    moved, rate = _moves(subject), subject.training.rate
    far = moved is not None and max(moved.values()) > _FAR
    if rate_is(subject) != "high" and not far:
        return
    line, repairs = rate_repair(subject)
    seen = f"The learning rate is {rate:g}" if rate else "The rate is high"
    if far:
        path, most = max(moved.items(), key=lambda one: one[1])
        seen += (
            f", and the kernel of {path} has moved by {most:.3g} of its size"
        )
    customary = 0.7 if rate_is(subject) == "high" else 0.5
    yield Cause("learning_rate", "", seen, line, customary, repairs)


def _swinging(subject):
    if oscillates(subject.training.loss):
        last = finite(subject.training.loss)[-5:]
        line, repairs = rate_repair(subject)
        yield Cause(
            "learning_rate",
            "",
            f"the loss swings between {last.min():.4g} and {last.max():.4g}",
            line,
            0.5,
            repairs,
        )


def _vanishes(probe):
    if probe is None or probe.gradients is None:
        return False
    ratios = [r for r in probe.gradients.ratios.values() if np.isfinite(r)]
    return len(ratios) > 2 and ratios[0] < 1e-3 * max(ratios)


def _moves(subject):
    probe = subject.training.probe
    if probe is None or not probe.moved or probe.epoch == 0:
        return None
    return probe.moved
