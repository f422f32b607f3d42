"""Readers of errors about inputs of a layer that do not fit each other."""

import re

from keras_trainkit.diagnostics.shape_errors.reading import Reading
from keras_trainkit.diagnostics.shape_errors.reading import quoted
from keras_trainkit.kernels.error_messages import shapes_in

_CONCATENATE = re.compile(
    r"requires inputs with matching shapes.*?input_shape=(\[.*\])", re.DOTALL
)
_MERGE = re.compile(r"Inputs have incompatible shapes. Received shapes (.*)")
_DOT = re.compile(
    r"axis values (\d+) \(at axis (-?\d+)\) != (\d+) \(at axis (-?\d+)\)"
)


def wrong_join(scene):
    """Reads the errors of `Concatenate`."""
    found = _CONCATENATE.search(scene.text)
    if not found:
        return None
    shapes = shapes_in(found[1][1:-1])
    joined = getattr(scene.layer, "axis", -1)
    axes = [
        i
        for i in range(1, len(shapes[0]))
        if i != joined % len(shapes[0]) and len({s[i] for s in shapes}) > 1
    ]
    return Reading(
        f"{_name(scene)} joins along axis {joined}, so all other axes must "
        f"be equal; different in axis {' and '.join(map(str, axes))}: "
        + _sources(scene, shapes),
        _for_join(shapes, axes),
    )


def _for_join(shapes, axes):
    sizes = [s[axes[0]] for s in shapes if axes]
    is_space = len(shapes[0]) >= 4 and None not in sizes
    if is_space and sizes and max(sizes) - min(sizes) < max(sizes) // 2:
        return (
            "an odd size was halved and doubled again on one way. Feed images "
            "whose sides can be halved that often, or pad or crop one way: "
            "keras.layers.ZeroPadding2D, keras.layers.Cropping2D, or "
            "keras.layers.Resizing to the other's size."
        )
    if len(axes) == 1:
        return (
            f"join along that axis, Concatenate(axis={axes[0]}), or bring "
            "both to one size first."
        )
    return "bring the inputs to one shape first, by Flatten or a Dense."


def wrong_merge(scene):
    """Reads the errors of `Add`, `Multiply`, `Average` and their like."""
    found = _MERGE.search(scene.text)
    if not found:
        return None
    # Keras leaves the axis of rows out here.
    shapes = [(None, *shape) for shape in shapes_in(found[1])]
    makers = [one for one in scene.makers() if one is not None]
    changed = makers[-1] if makers else None
    wanted = shapes[0][-1]
    way = (
        f"give {changed.name!r} {wanted} outputs, or put"
        if changed is not None and hasattr(changed, "units")
        else "put"
    )
    projection = (
        f"keras.layers.Conv2D({wanted}, 1)"
        if len(shapes[0]) == 4
        else f"keras.layers.Dense({wanted})"
    )
    return Reading(
        f"{_name(scene)} needs inputs of one shape: {_sources(scene, shapes)}",
        f"{way} a {projection} on the way that differs.",
    )


def wrong_dot(scene):
    """Reads the errors of `Dot`."""
    found = _DOT.search(scene.text)
    if not found:
        return None
    return Reading(
        f"{_name(scene)} sums over axis {found[2]} of {found[1]} values and "
        f"axis {found[4]} of {found[3]}: "
        + _sources(scene, shapes_in(scene.text)[-2:]),
        f"make both {found[1]} long, by a keras.layers.Dense({found[1]}) on "
        "the second, or choose other axes.",
    )


def _name(scene):
    return quoted(scene.layer) if scene.layer is not None else "the layer"


def _sources(scene, shapes):
    """Tells where each input comes from, as far as that is known."""
    makers = [*scene.makers(), *[None] * len(shapes)]
    inputs = scene.inputs
    texts = []
    for i, shape in enumerate(shapes):
        if makers[i] is not None:
            source = f"from {quoted(makers[i])}"
        elif i < len(inputs) and _is_named(inputs[i]):
            source = f"the input {inputs[i].name!r}"
        else:
            source = f"input {i}"
        texts.append(f"{shape} {source}")
    return "; ".join(texts)


def _is_named(tensor):
    """Whether an input has a name that the user gave."""
    name = getattr(tensor, "name", None) or ""
    return bool(name) and not name.startswith("keras_tensor")


READERS = (wrong_join, wrong_merge, wrong_dot)
