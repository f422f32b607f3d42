"""Readers of errors about targets that do not fit the output or the loss."""

import math
import re

from keras_trainkit.diagnostics.shape_errors.reading import Reading
from keras_trainkit.diagnostics.shape_errors.scene import shape_of
from keras_trainkit.kernels.error_messages import shapes_in

_PAIR = re.compile(
    r"target\.shape=(?P<target>.+?[)\]]+),? output\.shape=(?P<output>.+)",
    re.DOTALL,
)
_LOGITS = re.compile(
    r"logits shape (?P<output>\[[^\]]*\]) and labels shape "
    r"(?P<target>\[[^\]]*\])"
)
_SPARSE = re.compile(
    r"up until the last dimension|target\.ndim - 1|same first dimension"
)
_UNEQUAL = re.compile(
    r"must match the size of tensor|incompatible shapes|must be equal, but are"
    r"|same leading dimension|does not start with segment_ids|broadcast",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"label value of (-?\d+) which is outside the valid range of \[0, (\d+)\)"
    r"|Target (-?\d+) is out of bounds"
)


def wrong_targets(scene):
    """Reads "`target` and `output` must have the same shape"."""
    pair = _PAIR.search(scene.text) or _LOGITS.search(scene.text)
    if pair:
        target = shapes_in(pair["target"])[0]
        output = shapes_in(pair["output"])[0]
        is_sparse = bool(_SPARSE.search(scene.text))
        return _reading(scene, target, output, is_sparse)
    return _broadcast_in_loss(scene)


def _broadcast_in_loss(scene):
    """Reads errors of losses that subtract without a look at the shapes."""
    output = shape_of(_first_output(scene.model))
    label, array = next(iter(scene.data.of("y").items()), (None, None))
    is_in_layer = scene.layer not in (None, scene.model)
    is_own_code = any(line.is_inside for line in scene.lines)
    if is_in_layer or is_own_code or output is None or label is None:
        return None
    output = (array.shape[0], *output[1:])
    if not _UNEQUAL.search(scene.text) or None in output:
        return None
    if "sparse" in _loss_name(scene.model) and output[:-1] == array.shape:
        return _wrong_metric(array.shape, output)
    if output == array.shape:
        return None
    return _reading(scene, array.shape, output, False)


def _wrong_metric(target, output):
    return Reading(
        f"a metric compares labels of shape {target} with an output of shape "
        f"{output} value by value; the loss takes them as they are",
        'use metrics for labels ("accuracy", '
        '"sparse_top_k_categorical_accuracy"), or one-hot targets and loss="'
        'categorical_crossentropy".',
    )


def wrong_outputs(scene):
    """Reads "y_true and y_pred have different structures"."""
    if "have different structures" not in scene.text:
        return None
    outputs, y = _outputs(scene.model), scene.data.arguments.get("y")
    given = len(y) if isinstance(y, (list, tuple, dict)) else 1
    # How many a subclassed model has is not known.
    if not outputs or (len(outputs) < 2 and given < 2):
        return None
    if len(outputs) == 1:
        return Reading(
            f"the model has one output, and y is a {type(y).__name__} of "
            f"{given}",
            "pass the targets of that output alone, as one array.",
        )
    names = getattr(scene.model, "output_names", None) or []
    return Reading(
        f"the model has {len(outputs)} outputs, {list(names)}, and y is "
        f"{given}",
        "pass one array for each output, in a list.",
    )


def _loss_name(model):
    loss = getattr(model, "loss", None)
    return str(getattr(loss, "name", None) or loss or "")


def _first_output(model):
    outputs = getattr(model, "outputs", None) or []
    return outputs[0] if len(outputs) == 1 else None


def _reading(scene, target, output, is_sparse):
    last = _last_layer(scene)
    made = f" of {last.name!r}" if last is not None else ""
    return Reading(
        f"the targets have shape {target}, the output{made} {output}",
        _repair(scene, target, output, is_sparse, last),
    )


def _repair(scene, target, output, is_sparse, last):
    name = repr(last.name) if last is not None else "the last layer"
    units = output[-1]
    if None not in (target[0], output[0]) and target[0] != output[0]:
        return (
            f"the batch has targets for {target[0]} rows and outputs for "
            f"{output[0]}. Look at what makes the batches, a dataset or a "
            "generator; and a reshape in the model must keep the first axis."
        )
    if len(output) > 2 and len(target) <= 2:
        return (
            f"the output still has the axes {output[1:-1]}: put "
            "keras.layers.Flatten() (or a global pooling, or "
            "return_sequences=False) before the first Dense."
        )
    if len(target) == len(output) > 2 and target[1:-1] != output[1:-1]:
        return _for_space(target, output)
    if len(target) > len(output) and None not in target + output:
        return _for_more_axes(scene, target, output)
    if is_sparse and target[1:] == output[1:]:
        return (
            "these targets are one-hot: use loss="
            '"categorical_crossentropy", or labels, y.argmax(axis=-1).'
        )
    if target[1:] in ((), (1,)) and units and units > 1:
        return _for_labels(scene, units, name)
    if len(target) == len(output) and target[-1] != units:
        if units == 1 and target[-1] == 2:
            return (
                "these targets are one-hot for two classes: use labels, "
                "y.argmax(axis=-1).reshape(-1, 1), with one sigmoid unit, or "
                f'two units with softmax in {name} and loss="'
                'categorical_crossentropy".'
            )
        sets_size = any(hasattr(last, one) for one in ("units", "filters"))
        if last is not None and not sets_size:
            return (
                f"the targets have {target[-1]} columns: put a "
                f"keras.layers.Dense({target[-1]}) behind {name}."
            )
        return (
            f"{name} needs as many outputs as the targets have columns: "
            f"{target[-1]} instead of {units}."
        )
    return f"bring the targets to the shape of the output, {output}."


def _for_space(target, output):
    """The repair for pictures or sequences of another size."""
    wanted, given = target[1:-1], output[1:-1]
    if len(target) == 3:
        return (
            f"the output has {given[0]} time steps and the targets "
            f"{wanted[0]}: cut or pad one, so that each step has its target."
        )
    return (
        f"the way through the model changes {wanted} into {given}: use "
        'padding="same" in every convolution and sides that can be halved as '
        f"often as the model does, or put keras.layers.Resizing{wanted} "
        "before the last layer."
    )


def _for_more_axes(scene, target, output):
    """The repair for targets of more axes than the output."""
    last = [
        layer
        for layer in scene.layers.values()
        if getattr(layer, "return_sequences", None) is False
    ]
    if math.prod(target[1:]) == math.prod(output[1:]):
        return (
            f"write y.reshape(len(y), -1), or put keras.layers.Reshape("
            f"{target[1:]}) behind the last layer."
        )
    if last:
        return (
            f"let {last[-1].name!r} return every time step: "
            "return_sequences=True."
        )
    return f"bring the targets to the shape of the output, {output}."


def _for_labels(scene, units, name):
    """The repair for one number a row against several outputs."""
    loss = _loss_name(scene.model)
    values = next(iter(scene.data.of("y").values()), None)
    are_labels = values is None or "int" in values.dtype
    if "binary" in loss and units == 2:
        return (
            f"one label of 0 or 1 a row needs one output: 1 unit with sigmoid "
            f'in {name}, or keep two with softmax and loss="'
            'sparse_categorical_crossentropy".'
        )
    if are_labels or "categorical" in loss:
        return (
            "these targets are labels, not one-hot: use loss="
            '"sparse_categorical_crossentropy", or '
            f"keras.utils.to_categorical(y, {units})."
        )
    return f"one number a row needs one output: 1 unit in {name}."


def wrong_label(scene):
    """Reads errors about labels that are no class."""
    found = _LABEL.search(scene.text)
    if not found:
        return None
    label = int(found[1] or found[3])
    classes = found[2] or _units(scene)
    last = _last_layer(scene)
    name = repr(last.name) if last is not None else "the last layer"
    if classes is None:
        return Reading(
            f"label {label} is no class of {name}",
            f"labels count from 0: {name} needs {label + 1} units or more.",
        )
    classes, counted = int(classes), _counted_from_one(scene, int(classes))
    return Reading(
        f"label {label} is no class of {name}: its {classes} outputs stand "
        f"for the labels 0 to {classes - 1}",
        "the labels count from 1: write y - 1."
        if counted
        else f"labels must be 0 to {classes - 1}: give {name} "
        f"{max(label, classes) + 1} units, or number the classes anew with "
        "np.unique(y, return_inverse=True)[1].",
    )


def _units(scene):
    shape = shape_of(_first_output(scene.model))
    return shape[-1] if shape else None


def _counted_from_one(scene, classes):
    """Whether all labels lie in 1 to the number of classes."""
    for array in scene.data.of("y").values():
        if "int" in array.dtype and array.value.size:
            low, high = int(array.value.min()), int(array.value.max())
            return (low, high) == (1, classes)
    return False


def _last_layer(scene):
    model = scene.model
    layers = getattr(model, "layers", None) or []
    return layers[-1] if layers and len(_outputs(model)) < 2 else None


def _outputs(model):
    return getattr(model, "outputs", None) or []


def wrong_weights_of_rows(scene):
    """Reads weights of rows that have more axes than the loss has values."""
    weights = scene.data.of("sample_weight").get("sample_weight")
    y = next(iter(scene.data.of("y").values()), None)
    if weights is None or y is None or not _UNEQUAL.search(scene.text):
        return None
    in_loss = scene.layer in (None, scene.model)
    if weights.ndim < 2 or weights.shape[1:] == (1,) or not in_loss:
        return None
    if weights.shape in (y.shape, y.shape[:-1]):
        return None
    return Reading(
        f"sample_weight has shape {weights.shape}, the targets {y.shape}",
        f"give one weight a row, of shape ({weights.shape[0]},).",
    )


READERS = (
    wrong_label,
    wrong_outputs,
    wrong_weights_of_rows,
    wrong_targets,
)
