"""Repairs of `compile` and `fit`: what each kind notes in a plan."""

import keras
import numpy as np

from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_number

_ABOVE = "a number above 0"


def loss(plan, value, where):
    """Sets the loss: a name, a dict of it and its arguments, or a loss."""
    _set_loss(plan, _loss_of(value), where)


def from_logits(plan, value, where):
    """Sets whether the loss takes logits."""
    place = _output(plan, where)
    given = plan.compile.get("loss")
    facts = plan.patient.subject.compiled.loss[place]
    name = given if isinstance(given, str) else facts and facts.name
    if name is None or "crossentropy" not in name:
        raise bad_value("loss", name, "a crossentropy of Keras")
    arguments = {"from_logits": bool(value)}
    if given is None and facts.label_smoothing:
        arguments["label_smoothing"] = facts.label_smoothing
    _set_loss(plan, _loss_of({"name": name, **arguments}), where)


def metrics(plan, value, where):
    """Sets the metrics: a list of what `compile` takes."""
    plan.compile["metrics"] = value
    plan.compile["weighted_metrics"] = None


def optimizer(plan, value, where):
    """Sets the optimizer: a name, or a dict of it and its arguments."""
    if isinstance(value, dict):
        arguments = dict(value)
        name = arguments.pop("name")
        plan.optimizer = keras.optimizers.get(name).__class__.__name__
        plan.settings |= arguments
    else:
        plan.optimizer = value
    keras.optimizers.get(plan.optimizer)  # raises for one that is not known


def learning_rate(plan, value, where):
    """Sets a constant learning rate."""
    require_number("learning_rate", value, _ABOVE, lambda v: v > 0)
    plan.settings["learning_rate"] = float(value)


def momentum(plan, value, where):
    """Sets `momentum` or `beta_1`, whichever the optimizer has."""
    require_number(
        "momentum", value, "a number in [0, 1)", lambda v: 0 <= v < 1
    )
    config = _optimizer(plan).get_config()
    name = next((n for n in ("momentum", "beta_1") if n in config), None)
    if name is None:
        raise bad_value("optimizer", _optimizer(plan).name, "with a momentum")
    plan.settings[name] = float(value)


def clipnorm(plan, value, where):
    """Clips the norm of each gradient, in place of other clipping."""
    require_number("clipnorm", value, _ABOVE, lambda v: v > 0)
    plan.settings |= {
        "clipnorm": float(value),
        "clipvalue": None,
        "global_clipnorm": None,
    }


def epochs(plan, value, where):
    """Sets the epochs."""
    require_integer("epochs", value, 1)
    plan.fit["epochs"] = int(value)


def batch_size(plan, value, where):
    """Sets the batch size."""
    require_integer("batch_size", value, 1)
    plan.fit["batch_size"] = int(value)


def shuffle(plan, value, where):
    """Sets whether rows are shuffled in each epoch."""
    value = True if value is None else value
    require_choice("shuffle", value, (True, False))
    plan.fit["shuffle"] = bool(value)


def class_weight(plan, value, where):
    """Sets weights of classes: a dict, or `None`: every class counts alike."""
    if isinstance(value, dict):
        plan.fit["class_weight"] = value
        return
    task = plan.patient.tasks[0]
    if task.kind != "classes":
        raise bad_value("y", task.kind, "of classes, to weigh them")
    counts = np.asarray(task.facts.counts, "float64")
    weights = counts.sum() / (len(counts) * np.maximum(counts, 1))
    labels = plan.codings[0].coded_labels
    if any(int(one) != one or one < 0 for one in labels):
        raise bad_value("y", labels, "of classes 0, 1, 2, ...")
    plan.fit["class_weight"] = {
        int(label): float(weight)
        for label, weight in zip(labels, weights, strict=True)
    }


def _optimizer(plan):
    if plan.optimizer is not None:
        return keras.optimizers.get(plan.optimizer)
    return anatomy.innermost(plan.patient.model.optimizer)


def _output(plan, where):
    """Returns which output is meant: its place."""
    network = plan.patient.network
    outputs = network.outputs
    if len(outputs) < 2:
        return 0
    for place, output in enumerate(outputs):
        weighted = network.final(output).weighted
        if where in (output.path, weighted and weighted.path):
            return place
    raise bad_value(
        "where", where, "the path of an output layer, where there are several"
    )


def _set_loss(plan, value, where):
    place = _output(plan, where)
    losses = plan.patient.subject.compiled.loss
    if len(losses) < 2:
        plan.compile["loss"] = value
        return
    given = plan.compile.get("loss")
    given = list(given or [one and one.object for one in losses])
    given[place] = value
    plan.compile["loss"] = given


def _loss_of(value):
    if not isinstance(value, dict):
        keras.losses.get(value)  # raises for one that is not known
        return value
    arguments = dict(value)
    name = arguments.pop("name")
    title = "".join(part.title() for part in name.split("_"))
    return keras.losses.get({"class_name": title, "config": arguments})
