"""Readers of errors about how data are handed to a model: lists and names."""

import re

from keras_trainkit.diagnostics.shape_errors.read_inputs import matching
from keras_trainkit.diagnostics.shape_errors.reading import Reading
from keras_trainkit.diagnostics.shape_errors.scene import shape_of

_LISTS = re.compile(
    r"Unrecognized data type: (\w+)=.*type <class '([\w.]+)'>", re.DOTALL
)
_STRUCTURE = re.compile(
    r"Missing data for input|expects \d+ (named )?input|structure of `inputs`"
    r"|not connected to `inputs`"
)


def python_lists(scene):
    """Reads "Unrecognized data type", also where Keras names the wrong one."""
    found = _LISTS.search(scene.text)
    arguments = scene.data.arguments
    names = [n for n in ("x", "y", "sample_weight") if _is_list(arguments, n)]
    if found and found[2] in ("list", "tuple") and found[1] not in names:
        names.insert(0, found[1])
    is_one_array = "have different structures" in scene.text and "y" in names
    if not names or not (found or is_one_array):
        return None
    kind = type(arguments.get(names[0], [])).__name__
    arrays = " and ".join(f'np.array({n}, dtype="float32")' for n in names)
    return Reading(
        f"{names[0]} is a Python {kind}, not an array"
        + "".join(f"; so is {name}" for name in names[1:]),
        f"write {arrays}.",
    )


def _is_list(arguments, name):
    """Whether an argument is a list of numbers, not one of arrays."""
    value = arguments.get(name)
    return (
        isinstance(value, (list, tuple))
        and bool(value)
        and not any(hasattr(one, "shape") for one in value)
    )


def wrong_structure(scene):
    """Reads errors about the number or the names of a model's inputs."""
    names = [one.name for one in getattr(scene.model, "inputs", None) or []]
    given = scene.data.arguments.get("x")
    if not _STRUCTURE.search(scene.text) or not names or given is None:
        return None
    if isinstance(given, dict):
        return _wrong_names(scene, names, list(given))
    count = len(given) if isinstance(given, (list, tuple)) else 1
    several = ", ".join(f"{name!r}: ..." for name in names)
    return Reading(
        f"the model has {len(names)} inputs, {names}, and was given {count}",
        f"pass one array for each input, in a list or as {{{several}}}.",
    )


def _wrong_names(scene, names, given):
    missing = [name for name in names if name not in given]
    if not missing:
        return None
    extra = [name for name in given if name not in names]
    close = scene.closest(missing[0], extra)
    hint = f" (you wrote {close!r})" if close else ""
    return Reading(
        f"no data is named {missing[0]!r}{hint}; the inputs are {names}",
        f"name it {missing[0]!r} in the dictionary.",
    )


def wrong_target_names(scene):
    """Reads whatever a dict of targets leads to that names no output."""
    given = scene.data.arguments.get("y")
    outputs = outputs_by_name(scene.model)
    if not isinstance(given, dict) or not outputs:
        return None
    extra = [name for name in given if name not in outputs]
    missing = [name for name in outputs if name not in given]
    if not extra or not missing:
        return None
    return Reading(
        f"no output is named {extra[0]!r}; the outputs are {list(outputs)}",
        f"name the targets in the dictionary {missing[0]!r}"
        + (f" in place of {extra[0]!r}." if len(extra) == 1 else " and so on."),
    )


def other_order_of_targets(scene):
    """Reads errors of losses whose targets are those of another output."""
    outputs = outputs_by_name(scene.model)
    arrays = scene.data.of("y")
    in_loss = scene.layer in (None, scene.model)
    if len(outputs) < 2 or len(arrays) != len(outputs) or not in_loss:
        return None
    given = {label: array.shape for label, array in arrays.items()}
    order = matching(outputs, given)
    labels = _labels(scene, outputs)
    if order is None or order == labels:
        return None
    told = ", ".join(
        f"{name!r} {shape} was given {labels[name]} {given[labels[name]]}"
        for name, shape in outputs.items()
        if order[name] != labels[name]
    )
    return Reading(
        f"the targets are in another order than the outputs: {told}",
        "pass the targets in the order of the outputs: "
        + ", ".join(f"{label} for {name!r}" for name, label in order.items())
        + ".",
    )


def _labels(scene, outputs):
    """Returns what the targets of each output are called."""
    if isinstance(scene.data.arguments.get("y"), dict):
        return {name: f"y[{name!r}]" for name in outputs}
    return {name: f"y[{i}]" for i, name in enumerate(outputs)}


def outputs_by_name(model):
    """Returns the shapes of a model's outputs by their names."""
    given = getattr(model, "outputs", None) or []
    if not given:
        return {}
    # Keras compares a dict of outputs by its keys, not by layers' names.
    made = getattr(model, "output", None)
    named = made if isinstance(made, dict) else None
    if named is None:
        names = getattr(model, "output_names", None) or []
        named = dict(zip(names, given, strict=False))
    return {name: shape_of(one) for name, one in named.items()}


READERS = (
    python_lists,
    wrong_structure,
    wrong_target_names,
    other_order_of_targets,
)
