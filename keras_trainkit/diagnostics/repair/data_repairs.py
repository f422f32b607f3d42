"""Repairs of what goes in and of the targets: what each notes in a plan."""

import dataclasses

import keras
import numpy as np

from keras_trainkit.backend.model.graph_nodes import nodes_of
from keras_trainkit.diagnostics.facts.data.sample import input_names
from keras_trainkit.diagnostics.facts.data.sampled_arrays import as_arrays
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.data_facts.columns import column_facts
from keras_trainkit.models.graph import graph_of
from keras_trainkit.models.kinds import kind_of

_CODINGS = {
    "sparse": "sparse",
    "from_zero": "sparse",
    "integers": "sparse",
    "zero_one": "sparse",
    "one_hot": "one_hot",
    "column": "column",
    "flat": "flat",
}
_ALIKE = 32


def standardize(plan, value, where):
    """Puts a `Normalization` layer, adapted on `x`, behind an input.

    `where` is the name of an input, or of what reads it; `""` means all.
    Values of one kind, such as pixels, are standardised with one mean and
    deviation; columns otherwise each with their own.
    """
    model = plan.patient.origin
    arrays = as_arrays("x", plan.patient.x, input_names(model))
    readers = [_readers(model, tensor) for tensor in model.inputs]
    places = [
        place
        for place, found in enumerate(readers)
        if arrays[place].dtype.kind in "buif"
        and _can(found)
        and _is_meant(where, model.inputs[place].name, found, len(readers))
    ]
    if not places:
        raise bad_value(
            "where",
            where,
            "of inputs of numbers that no layer standardises or looks up",
        )
    for place in places:
        plan.layers.in_front[place] = _normalization(arrays[place])


def scale_targets(plan, value, where):
    """Scales the targets of a regression; outputs are scaled back.

    `value` is `None` or `"standard"`: mean 0 and deviation 1; `"unit"`: from
    0 to 1; `"signed"`: from -1 to 1.
    """
    if len(plan.codings) != 1:
        raise bad_value("y", f"{len(plan.codings)} outputs", "of one output")
    task = plan.patient.tasks[0]
    if task.kind != "values":
        raise bad_value("y", task.kind, "measured values, to be scaled")
    y = plan.patient.targets[0].astype("float64")
    lowest, highest = y.min(0), y.max(0)
    if value in (None, "standard", "standardize"):
        mean, deviation = y.mean(0), y.std(0)
    elif value in ("unit", "signed"):
        mean, deviation = lowest, highest - lowest
        if value == "signed":
            mean, deviation = (lowest + highest) / 2, deviation / 2
    else:
        raise bad_value(
            "scale_targets", value, '"standard", "unit" or "signed"'
        )
    if y.ndim > 2:
        raise bad_value("y", y.shape, "of one or two axes, to be scaled")
    deviation = np.where(deviation == 0, 1.0, deviation)
    plan.codings[0] = dataclasses.replace(
        plan.codings[0], scale=(mean, deviation)
    )


def targets(plan, value, where):
    """Writes the targets in another way: see `TargetCoding.coded`."""
    if value not in _CODINGS:
        raise bad_value("targets", value, f"one of {tuple(_CODINGS)}")
    if len(plan.codings) != 1:
        raise bad_value("y", f"{len(plan.codings)} outputs", "of one output")
    plan.codings[0] = plan.codings[0].coded(_CODINGS[value])


def _normalization(array):
    """Returns a callable that makes the layer."""
    facts = column_facts(array)
    alike = facts is not None and (
        facts.pixels
        or (len(facts.lowest) >= _ALIKE and np.ptp(facts.lowest) == 0)
    )
    single = array.ndim == 1

    def make(name):
        axis = None if alike else -1
        layer = keras.layers.Normalization(axis=axis, name=name)
        layer.adapt(array[:, None] if single else array)
        return layer

    return make


def _readers(model, tensor):
    """Returns the layers and operations that read an input."""
    return [
        node.operation
        for node in nodes_of(graph_of(model))
        if any(one is tensor for one in node.input_tensors)
    ]


def _is_meant(where, name, readers, inputs):
    """Whether a path means an input, itself or by what reads it."""
    top = where.split("/")[0]
    by_reader = top in [one.name for one in readers]
    return where == "" or where == name or by_reader or inputs == 1


def _can(readers):
    """Whether numbers are read, and not standardised already."""
    taken = ("embedding", "preprocessing", "normalization")
    return not any(kind_of(one) in taken for one in readers)
