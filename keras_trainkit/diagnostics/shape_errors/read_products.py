"""Readers of errors about two tensors that do not fit in one operation."""

import re

from keras_trainkit.backend.model.failed_calls import STAND_IN_BATCH
from keras_trainkit.diagnostics.shape_errors.read_inputs import (
    rows_unlike_input,
)
from keras_trainkit.diagnostics.shape_errors.reading import Reading
from keras_trainkit.diagnostics.shape_errors.reading import quoted
from keras_trainkit.diagnostics.shape_errors.sizes import carriers
from keras_trainkit.diagnostics.shape_errors.sizes import setters
from keras_trainkit.kernels.error_messages import shapes_in

_STATEFUL = re.compile(
    r"Expected batch size: (\d+)\n?- Received batch size: (\d+)"
)
_INNER = (
    r"cannot be multiplied \(\d+x(\d+) and (\d+)x\d+\)",
    r"reduction dim, but got \[\d+, (\d+)\] X \[(\d+), \d+\]",
    r"contracting dimensions to have the same shape, got \((\d+),\) and "
    r"\((\d+),\)",
    r"In\[0\]: \[[\d,]*?(\d+)\], In\[1\]: \[(\d+),\d+\]",
    r"must be equal, but are (\d+) and (\d+) for [^=]*= \w*MatMul",
    r"has size (\d+) for operand .*? previously seen size (\d+)",
    r"label .*? \((\d+)\) does not match previous terms \((\d+)\)",
    r"Expected dimension (\d+) at axis .*? but got dimension (\d+)",
    r"mismatch in its core dimension .*?size (\d+) is different from (\d+)",
)
_BROADCAST = (
    r"tensor a \((\d+)\) must match the size of tensor b \((\d+)\)",
    r"must be equal, but are (\d+) and (\d+)",
    r"Expected size (\d+) but got size (\d+)",
    r"has value (\d+), which cannot be broadcasted to (\d+)",
)
_SHAPES = re.compile(
    r"incompatible shapes(?: for broadcasting)?: (.*)"
    r"|broadcast together with shapes (.*)"
    r"|along dimension \d+ for shapes (.*)"
    r"|in both shapes must be equal: (.*)",
    re.IGNORECASE,
)


def fixed_state(scene):
    """Reads the errors of a stateful recurrent layer."""
    found = _STATEFUL.search(scene.text)
    if not found:
        return None
    expected, given = int(found[1]), int(found[2])
    which = (
        "the last batch, which is smaller,"
        if given == scene.data.last_batch
        else "this batch"
    )
    name = quoted(scene.layer) if scene.layer is not None else "The layer"
    return Reading(
        f"{name} keeps one state for each of {expected} rows "
        f"(stateful=True), and {which} has {given}",
        _whole_batches(scene, expected),
    )


def _whole_batches(scene, size):
    rows = scene.data.rows
    if rows is not None and rows >= size:
        kept = rows // size * size
        return (
            f"feed whole batches: batch_size={size} and the first {kept} of "
            f"{rows} rows, x[:{kept}] and y[:{kept}]."
        )
    return (
        f"feed batches of {size} rows, or build the model for other batches: "
        "keras.Input(batch_shape=...)."
    )


def fixed_batch(scene):
    """Reads two batch sizes that meet: some code holds a fixed one."""
    pair = _unequal(scene)
    if pair is None:
        return None
    given, fixed = _batch_and_number(scene, pair)
    if given is None:
        return None
    stateful = [
        layer
        for layer in scene.layers.values()
        if getattr(layer, "stateful", False)
    ]
    if stateful:
        return Reading(
            f"{quoted(stateful[0])} keeps one state for each of {fixed} rows "
            f"(stateful=True), and a batch has {given}",
            _whole_batches(scene, fixed),
        )
    where = _where(scene)
    return Reading(
        f"{where} holds a tensor of {fixed} rows and meets a batch of "
        + ("any size" if given == STAND_IN_BATCH else f"{given}"),
        f"take the batch size from the input, keras.ops.shape(x)[0] in place "
        f"of {fixed}, or let it broadcast with a first axis of 1. To keep the "
        f"number, {_whole_batches(scene, fixed)}",
    )


def unlike_rows(scene):
    """Reads inputs of one layer that have unlike numbers of rows."""
    shapes = [shape for shape in scene.input_shapes() if shape]
    if len({shape[0] for shape in shapes}) < 2 or len(shapes) < 2:
        return None
    return Reading(
        f"{_where(scene)} was given inputs of unlike numbers of rows: "
        + ", ".join(map(str, shapes)),
        "call it on inputs of one batch: their first axes must be equal.",
    )


def _batch_and_number(scene, pair):
    """Returns which of two sizes is the batch's, then the other one."""
    data = scene.data
    batches = {data.last_batch, data.batch_size, STAND_IN_BATCH, None}
    batches.discard(None)
    if data.method is None and scene.input_shapes():
        batches.add(scene.input_shapes()[0][0])
    if "dynamic_dimension" in scene.text and None in pair:
        other = next((n for n in pair if n is not None), None)
        return (STAND_IN_BATCH, other) if other else (None, None)
    for given, fixed in (pair, pair[::-1]):
        if given in batches and fixed not in (None, given):
            if given == data.batch_size and fixed % given == 0:
                continue  # Rows that a reshape has split.
            is_smaller_batch = given == data.last_batch
            known = fixed == data.batch_size or given == STAND_IN_BATCH
            if known or is_smaller_batch or _on_first_axis(scene):
                return given, fixed
    return None, None


def _unequal(scene):
    """Returns the two sizes that should be equal, of the first axes."""
    found = _SHAPES.search(scene.text)
    if found:
        shapes = shapes_in(next(text for text in found.groups() if text))[:2]
        same_rank = len(shapes) == 2 and len(shapes[0]) == len(shapes[1])
        if same_rank and shapes[0][0] != shapes[1][0]:
            return shapes[0][0], shapes[1][0]
        return None
    found = re.search(_BROADCAST[0], scene.text)
    if found and _on_first_axis(scene):
        return int(found[1]), int(found[2])
    return None


def _on_first_axis(scene):
    return bool(_SHAPES.search(scene.text)) or bool(
        re.search(r"non-singleton dimension 0\b", scene.text)
    )


def inner_sizes(scene):
    """Reads the errors of a product of matrices."""
    pair = _first(scene, _INNER)
    if pair is None:
        return None
    left, right = pair
    layer, shapes = scene.layer, scene.input_shapes()
    own = layer is not None and _first_weight_axis(layer) == right
    if own and shapes and shapes[0][-1] == left:
        return Reading(
            f"{quoted(layer)} was built for {right} features and was given "
            f"{left}: an input of shape {shapes[0]}",
            rows_unlike_input(scene)
            or f"give the input {right} values in its last axis, or build the "
            f"model for {left}: keras.Input((..., {left})).",
        )
    return Reading(
        f"in {_where(scene)} a matrix product sums over {left} values on one "
        f"side and {right} on the other",
        _to_transpose(scene, left, right) or _for_sizes(scene, left, right),
        sizes=(left, right),
    )


def _to_transpose(scene, left, right):
    """The repair where a weight, such as a tied one, is the wrong way round."""
    for path, layer in scene.layers.items():
        for weight in layer.weights:
            if tuple(weight.shape) == (right, left) and layer.built:
                return (
                    f"the {weight.name} of {path!r} is {right} x {left}: where "
                    "it is meant, keras.ops.transpose() it. Otherwise "
                    + _for_sizes(scene, left, right)
                )
    return ""


def _first_weight_axis(layer):
    """Returns the first axis of a kernel, or that of a cell's."""
    cell = getattr(layer, "cell", layer)
    kernel = getattr(cell, "kernel", None)
    return None if kernel is None else int(kernel.shape[0])


def unequal_sizes(scene):
    """Reads the errors of sums and other operations value by value."""
    pair = _first(scene, _BROADCAST)
    if pair is None:
        pair = _last_axes(scene)
    if pair is None:
        return None
    return Reading(
        f"in {_where(scene)} an axis of {pair[0]} meets one of {pair[1]}",
        _for_sizes(scene, *pair),
        sizes=pair,
    )


def _last_axes(scene):
    found = _SHAPES.search(scene.text)
    if not found:
        return None
    shapes = shapes_in(next(text for text in found.groups() if text))[:2]
    if len(shapes) < 2:
        return None
    joined = re.search(r"along dimension (\d+)", scene.text)
    if joined:
        # Along that axis the sizes may differ.
        axis = int(joined[1])
        shapes = [shape[:axis] + shape[axis + 1 :] for shape in shapes]
    pairs = zip(reversed(shapes[0]), reversed(shapes[1]), strict=False)
    different = [p for p in pairs if p[0] != p[1] and None not in p]
    return different[0] if different else None


def _for_sizes(scene, left, right):
    """Which layer's size, or which weight, to change."""
    rows = scene.rows_in_play() & {left, right}
    if rows:
        size, other = sorted((left, right), key=lambda n: n not in rows)
        if other > size > 1 and other % size == 0:
            return (
                f"{other} are {other // size} rows for each of the batch: a "
                "reshape has mixed rows with other axes. Keep the first axis, "
                "keras.ops.reshape(x, (keras.ops.shape(x)[0], ...))."
            )
        return (
            f"{size} is the batch size: if that axis is meant, sum over "
            "the last axis instead, or transpose one of the two."
        )
    changes = [
        f"{found[0].setting}={other} for {scene.path(found[0].layer)!r}"
        for size, other in ((left, right), (right, left))
        if len(found := setters(scene, size)) == 1
    ]
    if len(changes) == 2:
        return f"{changes[0]} makes them equal, or {changes[1]}."
    if changes:
        only = setters(scene, left)
        size, other = (left, right) if len(only) == 1 else (right, left)
        return f"{changes[0]} makes them equal" + _or_weight(scene, other, size)
    for size in (left, right):
        several = setters(scene, size)
        if several:
            names = " or ".join(repr(scene.path(one.layer)) for one in several)
            return f"make both sizes equal: {size} is set by {names}."
    for size, other in ((left, right), (right, left)):
        weight = _own_weight(scene, size)
        if weight:
            return f"make {other} of {weight}."
    return f"make both {left}, or both {right}."


def _or_weight(scene, size, wanted):
    weight = _own_weight(scene, size)
    return f", or make {wanted} of {weight}." if weight else "."


def _own_weight(scene, size):
    """Returns words for a weight that a layer of one's own has made, or ""."""
    texts = [one.text for one in carriers(scene, size)]
    return next((text for text in texts if "of the weight" in text), "")


def _first(scene, patterns):
    for pattern in patterns:
        found = re.search(pattern, scene.text, re.DOTALL)
        if found and found[1] != found[2]:
            return int(found[1]), int(found[2])
    return None


def _where(scene):
    """Names the layer, or the function and line, that computed."""
    if scene.layer is not None and scene.layer is not scene.model:
        return quoted(scene.layer)
    loss = scene.loss_in_message()
    if loss:
        return _where_of_loss(scene, loss)
    inner = [line for line in scene.lines if line.is_inside]
    if inner:
        line = inner[-1]
        return f"{line.function!r} (line {line.number}: {line.source})"
    return quoted(scene.model) if scene.model is not None else "the code"


def _where_of_loss(scene, name):
    """A graph may meet in the loss what a layer brought into it."""
    if getattr(scene.model.loss, "__name__", "") == name:
        return f"the loss {name!r}"
    own = [
        quoted(layer)
        for layer in [*scene.layers.values(), scene.model]
        if type(layer).__module__.split(".")[0] != "keras"
    ]
    if not own:
        return f"the loss {name!r}"
    likely = " or ".join(own)
    return f"code before the loss {name!r}, most likely in {likely},"


READERS = (fixed_state, unlike_rows, fixed_batch, inner_sizes, unequal_sizes)
