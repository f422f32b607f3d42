"""Readers of errors about what a layer or a model is called on."""

import math
import re

from keras_trainkit.diagnostics.shape_errors.reading import Reading
from keras_trainkit.diagnostics.shape_errors.reading import input_line
from keras_trainkit.diagnostics.shape_errors.reading import quoted
from keras_trainkit.diagnostics.shape_errors.scene import kind_of
from keras_trainkit.diagnostics.shape_errors.scene import shape_of
from keras_trainkit.diagnostics.shape_errors.sizes import setters
from keras_trainkit.diagnostics.shape_errors.sizes import values_per_row
from keras_trainkit.kernels.error_messages import shapes_in

_AXIS = re.compile(
    r"expected axis (-?\d+) of input shape to have value (\d+), but received "
    r"input with shape (\([^)]*\))"
)
_RANK = re.compile(
    r"expected (min_|max_)?ndim=(\d+), found (?:min_|max_)?ndim=(\d+). "
    r"Full shape received: (\([^)]*\))"
)
_WHOLE = re.compile(
    r"Expected shape (\([^)]*\)), but input has incompatible shape "
    r"(?:torch\.Size\()?([(\[][^)\]]*[)\]])",
    re.DOTALL,
)
# The same of a functional model: keras/src/layers/input_spec.py
_SPEC = re.compile(
    r"expected shape=(\([^)]*\)), found shape=(\([^)]*\))",
    re.DOTALL,
)
_WITH_TIME = ("LSTM", "GRU", "RNN", "Conv1D", "Bidirectional", "Distributed")
_FLAT = "put keras.layers.Flatten() before"


def wrong_axis(scene):
    """Reads "expected axis -1 of input shape to have value 8"."""
    found = _AXIS.search(scene.text)
    if not found:
        return None
    axis, expected, shape = int(found[1]), int(found[2]), _shape(found[3])
    layer = scene.layer
    name = quoted(layer) if layer is not None else "the layer"
    given = shape[axis]
    return Reading(
        f"{name} was built for {expected} in the last axis and was given "
        f"{given}: an input of shape {shape}"
        if axis == -1
        else f"{name} was built for {expected} in axis {axis} and was given "
        f"{given}: an input of shape {shape}",
        _for_axis(scene, layer, expected, shape),
    )


def _for_axis(scene, layer, expected, shape):
    name = repr(layer.name) if layer is not None else "the layer"
    label = scene.data.like(shape) or "x"
    if values_per_row(shape) == expected:
        return f"{_FLAT} {name}: {shape[1:]} are {expected} values a row."
    if len(shape) > 2 and shape[1] == expected:
        return (
            f"axis 1 has the {expected}: channels come last here. Write "
            f"np.moveaxis({label}, 1, -1), or data_format="
            '"channels_first" in every layer where the backend can.'
        )
    if (expected, shape[-1]) == (3, 1) and len(shape) == 4:
        return (
            f"make three channels of one, np.repeat({label}, 3, axis=-1), or "
            f"build the model for one: {input_line(shape)}."
        )
    if (expected, shape[-1]) == (1, 3) and len(shape) == 4:
        return (
            f"make one channel of three, {label}.mean(axis=-1, "
            f"keepdims=True), or build the model for three: "
            f"{input_line(shape)}."
        )
    differs = rows_unlike_input(scene)
    if differs and not scene.fed(layer):
        return differs
    maker = scene.before(layer) if layer is not None else None
    if maker is not None and not scene.fed(layer):
        return (
            f"its input comes from {quoted(maker)}. Give {maker.name!r} "
            f"{expected} outputs, or make {name} anew for {shape[-1]}."
        )
    if scene.is_symbolic():
        return (
            f"give it {expected} values in the last axis, or use another "
            f"layer for inputs of {shape[-1]}: the weights of {name} are made "
            f"for {expected}."
        )
    return (
        f"give {label} {expected} columns ({expected} values in the last "
        f"axis), or build the model for {shape[-1]}: {input_line(shape)}."
    )


def wrong_rank(scene):
    """Reads "expected min_ndim=4, found ndim=3"."""
    found = _RANK.search(scene.text)
    if not found:
        return None
    bound = {"min_": "at least ", "max_": "at most ", None: ""}[found[1]]
    expected, given = int(found[2]), int(found[3])
    shape, layer = _shape(found[4]), scene.layer
    name = quoted(layer) if layer is not None else "the layer"
    return Reading(
        f"{name} takes inputs of {bound}{expected} axes (rows included) and "
        f"was given {given}: shape {shape}",
        _for_rank(scene, layer, expected, shape),
    )


def _for_rank(scene, layer, expected, shape):
    label = scene.data.like(shape) or "x"
    before = scene.before(layer) if layer is not None else None
    kind = kind_of(layer) if layer is not None else ""
    if len(shape) > expected:
        return (
            f"{_FLAT} it, or keras.layers.GlobalAveragePooling, so that "
            f"{expected} axes are left of {len(shape)}."
        )
    if hasattr(before, "return_sequences") and not before.return_sequences:
        return (
            f"let {before.name!r} return every time step, not the last one "
            f"alone: return_sequences=True."
        )
    if before is not None and not scene.fed(layer):
        return (
            f"{quoted(before)} before it leaves {len(shape)} axes. Put "
            f"{layer.name!r} before it, or a keras.layers.Reshape between."
        )
    if len(shape) == 1:
        return f"a single row has no axis of rows: write {label}[None, ...]."
    if len(shape) == expected - 1:
        return _one_axis_more(kind, label, shape)
    return (
        f"give {label} {expected} axes with {label}.reshape: rows, then "
        f"{expected - 2} of space or time, then channels."
    )


def _one_axis_more(kind, label, shape):
    wider = (*shape[1:], 1)
    if expects_time(kind):
        return (
            f"write {label}[..., None]: each of the {shape[-1]} columns is a "
            f"time step of one feature, keras.Input({wider}). If a row is one "
            f"time step instead: {label}[:, None, :]."
        )
    return (
        f"the axis of channels is missing: write {label}[..., None], and "
        f"keras.Input({wider}) where the model has an Input."
    )


def expects_time(kind):
    """Whether layers of a class take rows of time steps of features."""
    return any(word in kind for word in _WITH_TIME)


def wrong_input(scene):
    """Reads "Expected shape (None, 784), but input has incompatible shape"."""
    found = _WHOLE.search(scene.text) or _SPEC.search(scene.text)
    if not found:
        return None
    expected, shape = _shape(found[1]), _shape(found[2])
    outer = scene.layer is None or scene.layer in scene.models[:1]
    label = scene.data.like(shape) or "x"
    taker = scene.model if outer else scene.layer
    model = f"the model {scene.path(taker)!r}" if taker else "the model"
    is_data = outer and not scene.is_symbolic()
    return Reading(
        f"{model} takes rows of shape {expected[1:]} and was given "
        f"{label if is_data else 'an input'} of shape {shape}",
        _for_rows(scene, label, expected, shape)
        if is_data
        else _for_nested(scene, expected, shape),
    )


def _for_nested(scene, expected, shape):
    """The repair where another layer, or a graph's input, feeds the model."""
    found = setters(scene, shape[-1])
    if len(found) == 1 and expected[1:-1] == shape[1:-1]:
        (one,) = found
        return (
            f"{one.setting}={expected[-1]} for {scene.path(one.layer)!r} makes "
            f"it fit, or make it anew for {shape[1:]}."
        )
    return (
        f"give it an input of rows {expected[1:]}, such as "
        f"{input_line(expected)}, or make it anew for {shape[1:]}."
    )


def _for_rows(scene, label, expected, shape):
    """The repair, where what is fed may be a dataset."""
    if len(shape) == len(expected) - 1 and scene.data.is_stream:
        return (
            "the dataset yields single rows without the axis of rows: batch "
            "it, dataset.batch(32)."
        )
    return _for_input(label, expected, shape)


def order_of_inputs(scene):
    """Reads whatever arrays in the order of other inputs lead to."""
    inputs = getattr(scene.model, "inputs", None) or []
    arrays = scene.data.of("x")
    is_listed = isinstance(scene.data.arguments.get("x"), (list, tuple))
    if len(inputs) < 2 or len(arrays) != len(inputs) or not is_listed:
        return None
    wanted = {one.name: shape_of(one) for one in inputs}
    given = {label: array.shape for label, array in arrays.items()}
    order = matching(wanted, given)
    if order is None or list(order.values()) == list(given):
        return None
    told = ", ".join(f"{label} of {shape}" for label, shape in given.items())
    named = ", ".join(f"{name!r}: {label}" for name, label in order.items())
    return Reading(
        f"the inputs are {wanted}, and given were {told}: another order",
        f"pass them by name, x={{{named}}}, or in the order of the inputs.",
    )


def matching(wanted, given):
    """Returns which given shape each wanted one is, if each fits one alone.

    Args:
        wanted: Dict of names to shapes; `None` is any size.
        given: Dict of labels to shapes.

    Returns:
        Dict of names to labels, or `None`.
    """
    fitting = {
        name: [label for label, got in given.items() if _is_like(shape, got)]
        for name, shape in wanted.items()
    }
    if any(len(labels) != 1 for labels in fitting.values()):
        return None
    order = {name: labels[0] for name, labels in fitting.items()}
    return order if len(set(order.values())) == len(order) else None


def _is_like(made, fed):
    return len(made) == len(fed) and all(
        wanted in (None, given)
        for wanted, given in zip(made[1:], fed[1:], strict=True)
    )


def _for_input(label, expected, shape):
    rows, wanted = shape[1:], expected[1:]
    if shape == wanted:
        return f"this is one row without the axis of rows: {label}[None, ...]."
    if None in rows or None in wanted:
        return f"build the model for these rows: {input_line(shape)}."
    if math.prod(rows) == math.prod(wanted) and len(wanted) == 1:
        return (
            f"{rows} are {wanted[0]} values a row: write "
            f"{label}.reshape(len({label}), -1), or {input_line(shape)} and "
            "keras.layers.Flatten() behind it."
        )
    if sorted(rows) == sorted(wanted) and rows != wanted:
        order = (0, *_order(rows, wanted))
        return f"the axes are in another order: np.transpose({label}, {order})."
    if math.prod(rows) == math.prod(wanted):
        sizes = ", ".join(map(str, wanted))
        return f"write {label}.reshape(len({label}), {sizes})."
    return (
        f"give {label} rows of shape {wanted}, or build the model for these: "
        f"{input_line(shape)}."
    )


def rows_unlike_input(scene):
    """Returns the repair where the rows fed are not those of `keras.Input`.

    Keras compares no more than the number of axes, so the first layer that
    minds is the one that is named.
    """
    inputs = getattr(scene.model, "inputs", None) or []
    fed = scene.fed_shape()
    if len(inputs) != 1 or fed is None:
        return ""
    made = shape_of(inputs[0])
    if _is_like(made, fed):
        return ""
    label = next(iter(scene.data.of("x")), "x")
    return (
        f"the model was made for rows of {made[1:]} and {label} has rows of "
        f"{fed[1:]}: {_for_input(label, made, fed)}"
    )


def _order(rows, wanted):
    """Returns which axis of an array each wanted one is, counted from 1."""
    left = list(enumerate(rows, 1))
    for size in wanted:
        at = next(pair for pair in left if pair[1] == size)
        left.remove(at)
        yield at[0]


def _shape(text):
    return shapes_in(text)[0]


READERS = (order_of_inputs, wrong_axis, wrong_rank, wrong_input)
