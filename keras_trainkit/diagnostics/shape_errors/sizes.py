"""What carries a number: an input or output of a layer, a weight, the data."""

import dataclasses
import math

import keras

from keras_trainkit.backend.model.failed_calls import STAND_IN_BATCH
from keras_trainkit.diagnostics.shape_errors.scene import kind_of
from keras_trainkit.diagnostics.shape_errors.scene import shape_of

# Attributes by which layers of Keras set the size of their output.
_SETTINGS = ("units", "filters", "output_dim")
_MOST = 4


@dataclasses.dataclass(frozen=True)
class Carrier:
    """Something of a size.

    Attributes:
        text: What it is, in words.
        layer: The layer that sets the size, or `None`.
        setting: The layer's argument that does, such as `"units"`, or `""`.
    """

    text: str
    layer: object = None
    setting: str = ""


def carriers(scene, size):
    """Returns the `Carrier`s of a size, those next to the failure first."""
    found = [
        *_rows(scene, size),
        *_axes_of_data(scene, size),
        *_given(scene, size),
        *_local_tensors(scene, size),
        *_layers(scene, size),
        *_weights(scene, size),
    ]
    return found or _products(scene, size)


def setters(scene, size):
    """Returns the carriers among the layers that set a size themselves.

    A layer that hands on what it is given sets none.
    """
    every = [one for one in carriers(scene, size) if one.setting]
    near = _near(scene)
    inside = [one for one in every if near is None or id(one.layer) in near]
    return list({id(one.layer): one for one in inside or every}.values())


def lines_about(scene, sizes):
    """Returns a line for each size, and how to tell layers of one size."""
    found = []
    for size in sizes:
        texts = list(dict.fromkeys(c.text for c in carriers(scene, size)))
        if len(texts) > _MOST:
            texts = [*texts[:_MOST], f"and {len(texts) - _MOST} more"]
        if texts:
            found.append(f"  {size}: {'; '.join(texts)}")
    return found


def to_tell_apart(scene, sizes):
    """Returns which size to change where a number fits several layers.

    Empty where the numbers are unambiguous, or only one of them would have
    to be known.
    """
    for size in sizes:
        several = setters(scene, size)
        if len(several) < 2:
            continue
        names = [repr(scene.path(one.layer)) for one in several]
        free = _free_size(scene, size)
        listed = ", ".join(names[:-1]) + f" and {names[-1]}"
        return (
            f"{size} is the size of {listed}. To find out which one is meant, "
            f"set {several[0].setting}={free} in {names[0]} alone and run "
            f"again: if the message then says {free}, it is {names[0]}."
        )
    return ""


def _near(scene):
    """Returns the ids of the layers inside the one that failed, or `None`."""
    if scene.layer is None or scene.layer in scene.models:
        return None
    prefix = f"{scene.path(scene.layer)}/"
    inside = [
        layer for path, layer in scene.layers.items() if path.startswith(prefix)
    ]
    makers = [one for one in scene.makers() if one is not None]
    return {id(one) for one in [*inside, *makers]} or None


def _free_size(scene, size):
    known = {n for shape in _known_shapes(scene) for n in shape if n}
    return next(n for n in range(size + 1, size + 999) if n not in known)


def _known_shapes(scene):
    for layer in scene.layers.values():
        yield from _shapes(layer)[0] + _shapes(layer)[1]
        yield from (tuple(weight.shape) for weight in layer.weights)


def _rows(scene, size):
    data, possible = scene.data, scene.rows_in_play()
    if size == STAND_IN_BATCH and data.rows != size:
        yield Carrier(
            "what stands for the unknown batch size while Keras infers shapes"
        )
    if size == data.last_batch and size in possible:
        yield Carrier(
            f"the last batch, which is smaller ({data.rows} rows in batches "
            f"of {data.batch_size} leave {size})"
        )
    elif size == data.batch_size == data.rows and size in possible:
        yield Carrier(f"the batch size (all {size} rows are one batch)")
    elif size == data.batch_size and size in possible:
        yield Carrier("the batch size")
    elif size == data.rows:
        yield Carrier(f"the number of rows given to {data.method}")
    elif scene.data.method is None and scene.input_shapes():
        first = scene.input_shapes()[0][0]
        if first == size:
            yield Carrier("the batch size (the first axis of the input)")


def _axes_of_data(scene, size):
    for label, array in scene.data.arrays.items():
        if size in array.shape[1:]:
            axis = array.shape[1:].index(size) + 1
            yield Carrier(f"axis {axis} of `{label}`, shape {array.shape}")


def _given(scene, size):
    if scene.data.arrays:
        return
    for shape in scene.input_shapes():
        if size in shape[1:]:
            yield Carrier(
                f"axis {shape[1:].index(size) + 1} of the input given to "
                f"{scene.layer.name!r}, shape {shape}"
            )


def _local_tensors(scene, size):
    """The variables of the innermost of the user's lines that computed."""
    computing = [
        line
        for line in scene.lines
        if isinstance(line.values.get("self"), keras.Layer)
    ]
    for line in computing[-1:]:
        for name, value in line.values.items():
            shape = None if name == "self" else shape_of(value)
            if shape and size in shape[1:]:
                yield Carrier(
                    f"`{name}` in {line.function}, line {line.number}, shape "
                    f"{shape}"
                )


def _layers(scene, size):
    near = scene.layer
    every = sorted(scene.layers.items(), key=lambda pair: pair[1] is not near)
    for path, layer in every:
        inputs, outputs = _shapes(layer)
        name = f"{path!r} ({kind_of(layer)})"
        setting = _setting(layer, size)
        if setting:
            yield Carrier(
                f"the output of {name}, its {setting}", layer, setting
            )
        elif any(size in shape[1:] for shape in outputs) and not any(
            size in shape[1:] for shape in inputs
        ):
            yield Carrier(f"the output of {name}", layer)
        if getattr(layer, "input_dim", None) == size:
            yield Carrier(f"the number of rows of {name}, its input_dim")
        if any(size in shape[1:] for shape in inputs):
            yield Carrier(f"the input of {name}", layer)


def _setting(layer, size):
    found = [name for name in _SETTINGS if getattr(layer, name, None) == size]
    return found[0] if found else ""


def _weights(scene, size):
    """Weights that no layer of Keras owns: nothing else tells of them."""
    owners = [*scene.models, *scene.layers.values()]
    for layer in owners:
        if type(layer).__module__.split(".")[0] == "keras":
            continue
        below = {
            id(w)
            for other in scene.layers.values()
            if other is not layer
            for w in other.weights
        }
        for weight in layer.weights:
            shape = tuple(weight.shape)
            if id(weight) not in below and size in shape:
                yield Carrier(
                    f"axis {shape.index(size)} of the weight {weight.name!r} "
                    f"of {layer.name!r}, shape {shape}",
                    layer,
                )


def _products(scene, size):
    """A batch and an axis that a product of matrices has merged."""
    for batch in (scene.data.last_batch, scene.data.batch_size):
        if batch and batch > 1 and size % batch == 0 and size > batch:
            rest = size // batch
            for label, array in scene.data.arrays.items():
                if rest in array.shape[1:]:
                    return [
                        Carrier(f"{batch} rows x {rest}, an axis of `{label}`")
                    ]
    per_row = size / STAND_IN_BATCH
    if per_row == int(per_row) and per_row > 1:
        return [
            Carrier(
                f"{STAND_IN_BATCH} x {int(per_row)}, where {STAND_IN_BATCH} "
                "stands for the unknown batch size while Keras infers shapes"
            )
        ]
    return []


def _shapes(layer):
    """Returns the lists of shapes that a built layer takes and returns."""
    config = layer.get_build_config() if layer.built else None
    inputs = _listed(config)
    outputs = []
    if len(inputs) == 1:
        try:
            outputs = [tuple(layer.compute_output_shape(inputs[0]))]
        except (NotImplementedError, TypeError, ValueError, RuntimeError):
            outputs = []  # A layer that does not tell has only its inputs.
    return inputs, [shape for shape in outputs if _is_shape(shape)]


def _listed(config):
    """Returns the shapes in a build configuration of Keras."""
    if not config:
        return []
    given = config.get("input_shape", config.get("shapes_dict"))
    found = list(given.values()) if isinstance(given, dict) else [given]
    if found and isinstance(found[0], (list, tuple)) and found[0]:
        several = isinstance(found[0][0], (list, tuple))
        found = found[0] if several else found
    return [
        tuple(shape)
        for shape in found
        if isinstance(shape, (list, tuple)) and _is_shape(shape)
    ]


def _is_shape(shape):
    return all(n is None or isinstance(n, int) for n in shape)


def values_per_row(shape):
    """Returns the product of a shape's axes without the first, or `None`."""
    rest = shape[1:]
    return None if None in rest else math.prod(rest)
