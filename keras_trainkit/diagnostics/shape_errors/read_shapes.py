"""Readers of errors about reshaping, space that is used up, weights."""

import math
import re

from keras_trainkit.diagnostics.shape_errors.reading import Reading
from keras_trainkit.diagnostics.shape_errors.reading import quoted
from keras_trainkit.diagnostics.shape_errors.scene import shape_of
from keras_trainkit.kernels.error_messages import shapes_in

_SIZES = re.compile(
    r"'(?P<key>x|y|sample_weight|[^']+?)' sizes: (?P<n>[\d, ]+)"
)
_RESHAPES = (
    r"input_shape=(?P<given>\([^)]*\)), target_shape=(?P<wanted>\([^)]*\))",
    r"shape '(?P<wanted>\[[^\]]*\])' is invalid for input of size "
    r"(?P<size>\d+)",
    r"reshape array of shape (?P<given>\([^)]*\)).*? into shape "
    r"(?P<wanted>\([^)]*\))",
    r"sizes of shapes (?P<given>\([^)]*\)) and (?P<wanted>\([^)]*\))",
    r"reshape array of size (?P<size>\d+) into shape (?P<wanted>\([^)]*\))",
)
_RESHAPE_TF = re.compile(
    r"with (\d+) values, but the requested shape (?:requires a multiple of|has)"
    r" (\d+)"
)
_USED_UP = re.compile(
    r"output size would be (?:zero or )?negative.*?inputs[. ]shape=(\[[^\]]*\]|"
    r"\([^)]*\))|Negative dimension size",
    re.DOTALL,
)
_SLIDING_KERNEL = re.compile(r"kernel shape=(\([^)]*\))")
_KERNEL = re.compile(
    r"kernel of shape (\([^)]*\)) and input of shape (\([^)]*\))"
)
_SPLIT = re.compile(
    r"evenly divide the split dimension|result in an equal division"
    r"|indices_or_sections.*?not divisible",
    re.DOTALL,
)
_UNKNOWN = re.compile(r"fully-defined.*?variable path='([^']+)'", re.DOTALL)
_WEIGHTS = re.compile(
    r"weight shape (\([^)]*\)) is not compatible with provided weight shape "
    r"(\([^)]*\))|variable\.shape=(\([^)]*\)), Received: value\.shape="
    r"(?:torch\.Size\()?([(\[][^)\]]*[)\]])"
)


def unequal_rows(scene):
    """Reads "Data cardinality is ambiguous"."""
    if "ardinality" not in scene.text:
        return None
    sizes = {m["key"]: m["n"].split(",") for m in _SIZES.finditer(scene.text)}
    rows = {key: [int(n) for n in several] for key, several in sizes.items()}
    whose = "in validation_data " if _of_validation(scene, rows) else ""
    told = whose + ", ".join(
        f"{key} has {' and '.join(map(str, several))}"
        for key, several in rows.items()
    )
    return Reading(
        f"every array needs one entry a row, and {told}",
        _for_rows(scene, rows),
    )


def _of_validation(scene, rows):
    """Whether the rows are those of the validation data, and not of x."""
    held = {len(one) for one in scene.data.of("validation_data").values()}
    sizes = {n for several in rows.values() for n in several}
    return sizes <= held and not set(rows.get("x", ())) & {
        len(one) for one in scene.data.of("x").values()
    }


def _for_rows(scene, rows):
    wanted = rows.get("x", [None])[0]
    for label, array in scene.data.arrays.items():
        if array.ndim > 1 and array.shape[0] != wanted == array.shape[-1]:
            return (
                f"{label} of shape {array.shape} has its rows in the last "
                f"axis: write {label}.T."
            )
    given = scene.data.arguments.get("x")
    is_list = isinstance(given, (list, tuple))
    inputs = len(getattr(scene.model, "inputs", None) or [None])
    if is_list and inputs == 1 and len(given) > 1:
        return (
            "x is a list, which means several inputs, and the model has one: "
            "write np.array(x) or np.stack(x)."
        )
    return (
        "take all of them from one split of the data (x_train with y_train, "
        "not with y_test), and drop rows from all of them together."
    )


def wrong_reshape(scene):
    """Reads the errors of a reshape, per row where that can be told."""
    given, wanted = _reshape(scene)
    if wanted is None:
        return None
    name = quoted(scene.layer) if scene.layer is not None else "a reshape"
    before = scene.before(scene.layer) if scene.layer is not None else None
    rest = math.prod(n for n in wanted if n not in (-1, None))
    shape = ", ".join(str(n) for n in wanted if n != -1)
    is_shape = len(wanted) > 1
    per_row = _per_row(scene, given)
    told = f"{per_row} values a row" if per_row else "an input"
    change = (
        f"give {before.name!r} {rest} outputs"
        if before is not None and hasattr(before, "units")
        else f"give it {rest} values a row"
    )
    other = f" of {per_row} values" if per_row else ""
    made = (
        f"rows of ({shape}), that is {rest} values,"
        if is_shape
        else (f"rows of {rest} values")
    )
    return Reading(
        f"{name} makes {made} from {told}",
        f"{change}, or choose a shape{other}; -1 stands for one axis that is "
        "found by itself.",
    )


def _reshape(scene):
    """Returns the shape or the number of values given, and that wanted."""
    for pattern in _RESHAPES:
        found = re.search(pattern, scene.text)
        if found:
            parts = found.groupdict()
            wanted = shapes_in(parts["wanted"])[0]
            if parts.get("size"):
                return int(parts["size"]), wanted
            given = shapes_in(parts["given"])[0]
            # `Reshape` of Keras leaves the axis of rows out.
            whole = "target_shape" in found[0]
            return ((None, *given) if whole else given), wanted
    found = _RESHAPE_TF.search(scene.text)
    return (int(found[1]), (int(found[2]),)) if found else (None, None)


def _per_row(scene, given):
    if isinstance(given, tuple):
        return None if None in given[1:] else math.prod(given[1:])
    shapes = [shape for shape in scene.input_shapes() if shape]
    if shapes and None not in shapes[0][1:]:
        return math.prod(shapes[0][1:])
    before = scene.before(scene.layer) if scene.layer is not None else None
    return getattr(before, "units", None)


def used_up(scene):
    """Reads errors about an image or a sequence that got too small."""
    found = _USED_UP.search(scene.text)
    if not found:
        return None
    shape = shapes_in(found[1])[0] if found[1] else None
    layer = _sliding(scene)
    name = quoted(layer) if layer is not None else "the layer"
    left = f": its input is only {shape[1:-1]}" if shape else ""
    return Reading(
        f"nothing is left for {name} to slide over{left}",
        _for_channels_first(scene)
        or 'use larger inputs, padding="same", smaller kernels, or fewer '
        "poolings and strides before it.",
    )


def _sliding(scene):
    """Returns the layer that slides; while it is made the error lacks it."""
    found = _SLIDING_KERNEL.search(scene.text)
    if not found:
        return scene.layer
    kernel = tuple(shapes_in(found[1])[0])
    likely = [one for one in scene.layers.values() if _may_have(one, kernel)]
    if not likely or any(one is scene.layer for one in likely):
        return scene.layer
    return likely[-1]


def _may_have(layer, kernel):
    """Whether a convolution has a kernel of a shape, or will have."""
    *sizes, _, filters = kernel
    own = (getattr(layer, "kernel_size", None), getattr(layer, "filters", None))
    if own != (tuple(sizes), filters):
        return False
    return not layer.built or tuple(layer.kernel.shape) == kernel


def _for_channels_first(scene):
    """The repair where rows have the shape that other frameworks want."""
    shapes = [shape_of(x) for x in getattr(scene.model, "inputs", None) or []]
    shapes += [scene.fed_shape(), scene.entrance_shape()]
    for shape in shapes:
        if not shape or len(shape) != 4 or None in shape[1:]:
            continue
        channels, *sides = shape[1:]
        if channels in (1, 3) and min(sides) > channels:
            return (
                f"channels come last here, and rows of {shape[1:]} have "
                f"{channels} in front: keras.Input({(*sides, channels)}), and "
                "np.moveaxis(x, 1, -1) for the data."
            )
    return ""


def wrong_kernel(scene):
    """Reads the errors of a convolution inside of another layer."""
    found = _KERNEL.search(scene.text)
    if not found:
        return None
    kernel, shape = (shapes_in(text)[0] for text in found.groups())
    name = quoted(scene.layer) if scene.layer is not None else "the layer"
    return Reading(
        f"in {name} a convolution over {len(kernel) - 2} axes is given "
        f"{shape}, which has {len(shape) - 2}",
        f"give it rows of {len(kernel) - 1} axes: {len(kernel) - 2} of space "
        "and the channels, after any axis of time.",
    )


def wrong_split(scene):
    """Reads the errors of a split into parts that would be unequal."""
    if not _SPLIT.search(scene.text):
        return None
    name = quoted(scene.layer) if scene.layer is not None else "the code"
    lines = [line for line in scene.lines if line.is_inside]
    at = f", line {lines[-1].number}: {lines[-1].source}" if lines else ""
    return Reading(
        f"{name} splits an axis into equal parts, and its size is no multiple "
        f"of their number{at}",
        "give that axis a size that the number of parts divides, or list the "
        "places to cut at, keras.ops.split(x, [3], axis=-1).",
    )


def unknown_size(scene):
    """Reads "Shapes used to initialize variables must be fully-defined"."""
    found = _UNKNOWN.search(scene.text)
    if not found:
        return None
    parts = found[1].split("/")
    name = parts[-2] if len(parts) > 1 else parts[0]
    return Reading(
        f"{name!r} cannot make its weights: the size of its input is unknown",
        "give keras.Input every size, or take the unknown axes away before "
        f"{name!r} by a global pooling in place of Flatten.",
    )


def wrong_weights(scene):
    """Reads errors about values for weights of another shape."""
    found = _WEIGHTS.search(scene.text)
    if not found:
        return None
    own, given = (shapes_in(text)[0] for text in found.groups() if text)
    owners = [
        repr(path)
        for path, layer in scene.layers.items()
        if any(tuple(w.shape) == own for w in layer.weights)
    ]
    whose = f" of {' or '.join(owners)}" if owners else ""
    return Reading(
        f"a weight{whose} has shape {own}, the value for it {given}",
        "build the model as the one that the values come from: the same "
        "inputs, units and order of layers.",
    )


READERS = (
    unequal_rows,
    wrong_reshape,
    wrong_kernel,
    wrong_split,
    used_up,
    unknown_size,
    wrong_weights,
)
