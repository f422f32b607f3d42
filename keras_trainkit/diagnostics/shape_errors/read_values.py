"""Readers of errors about dtypes, and about values out of range."""

import re

import numpy as np

from keras_trainkit.diagnostics.shape_errors.reading import Reading
from keras_trainkit.diagnostics.shape_errors.reading import quoted
from keras_trainkit.kernels.error_messages import is_none_used

_INDEX = re.compile(
    r"indices\[[^\]]*\] = (-?\d+) is not in \[0, (\d+)\)|index out of range in "
    r"self"
)
_NO_NUMBERS = re.compile(
    r"Invalid dtype: (object|str|bytes|datetime|timedelta)"
    r"|Unsupported object type|numpy\.object_|numpy\.str_"
    r"|could not convert string|array element with a sequence"
    r"|not a valid JAX (array )?type|Cast string to float|dtype: string"
    r"|but got .* of type '(str|object)'"
)
_INTEGERS = re.compile(
    r"indices must have an integer type|must have integer or boolean type"
    r"|attr 'Tindices' of float|indices must be (long|integer|int)"
)
_TWO_DTYPES = (
    r"have the same dtype, but got:? (\w+) (?:and|!=) (\w+)",
    r"expected m1 and m2 .*?got: (\w+) != (\w+)",
    r"expected scalar type (\w+) but found (\w+)",
    r"Found dtype (\w+) but expected (\w+)",
    r"has type (\w+) that does not match type (\w+)",
    r"expected to be an? (\w+) tensor but is an? (\w+) tensor",
    r"requested dtype (\w+) for Tensor with dtype (\w+)",
    r"same dtypes?, got (?:dtypes )?\(?(\w+)[^,]*,? (?:and )?(\w+)",
)


def index_out_of_range(scene):
    """Reads the errors of an `Embedding`."""
    found = _INDEX.search(scene.text)
    if not found:
        return None
    layer = scene.layer
    size = getattr(layer, "input_dim", None) or found[2]
    name = quoted(layer) if layer is not None else "a look-up"
    highest = _highest(scene)
    index = found[1] or highest
    told = f"was asked for {index}" if index else "was asked for another one"
    needed = max(int(n) for n in (index, highest, 0) if n is not None) + 1
    wanted = f"input_dim={needed}" if index else "input_dim=int(x.max()) + 1"
    return Reading(
        f"{name} has rows 0 to {int(size) - 1} and {told}"
        if size
        else f"{name} {told}, which it does not have",
        f"{wanted} makes room for it; or keep the indices below the size of "
        "the vocabulary (the highest index, not the number of words, counts).",
    )


def _highest(scene):
    for array in scene.data.of("x").values():
        if isinstance(array.value, np.ndarray) and array.value.size:
            return int(array.value.max())
    return None


def no_targets(scene):
    """Reads errors of a loss that is given `None`."""
    asked = scene.data.method in ("fit", "evaluate")
    missing = asked and scene.data.arguments.get("y") is None
    told = is_none_used(scene.text) or "Invalid dtype: object" in scene.text
    if not missing or not told or not scene.data.of("x"):
        return None
    return Reading(
        f"{scene.data.method} was called without y, and the loss needs it",
        "pass the targets: fit(x, y). For an autoencoder that is fit(x, x).",
    )


def no_numbers(scene):
    """Reads errors about arrays of text or of Python objects."""
    if not _NO_NUMBERS.search(scene.text):
        return None
    odd = [
        label
        for label, array in scene.data.arrays.items()
        if not re.match(r"(u?int|float|bfloat|bool|complex)", array.dtype)
    ]
    label = odd[0] if odd else "the array"
    array = scene.data.arrays[odd[0]] if odd else None
    return Reading(
        f"{label} does not hold numbers"
        + (f": its dtype is {array.dtype}" if array is not None else ""),
        _for_objects(label, array),
    )


def _for_objects(label, array):
    value = getattr(array, "value", None)
    if any(one is None for one in _entries(value)):
        return f"{label} has entries without a value: fill or drop these rows."
    if isinstance(value, np.ndarray) and value.dtype == object and value.size:
        lengths = {np.size(row) for row in value.flat}
        if len(lengths) > 1 or isinstance(value.flat[0], (list, np.ndarray)):
            return (
                f"its rows are sequences: bring them to one length, "
                f"keras.utils.pad_sequences({label}), or, where they have "
                f"one, np.stack({label})."
            )
        if not any(isinstance(one, str) for one in value.flat):
            return f'write {label}.astype("float32").'
    if array is not None and array.dtype.startswith(("datetime", "timedelta")):
        return (
            f"make numbers of times: ({label} - {label}.min()) / "
            'np.timedelta64(1, "D") counts days.'
        )
    if label.startswith("y"):
        return (
            "number the classes: names, labels = np.unique("
            f"{label}, return_inverse=True)."
        )
    return (
        f'where all of it is numbers, {label}.astype("float32"); text becomes '
        "numbers by keras.layers.StringLookup or TextVectorization, and a "
        "column of categories one-hot."
    )


def _entries(value):
    is_of_objects = isinstance(value, np.ndarray) and value.dtype == object
    return value.flat if is_of_objects else ()


def two_dtypes(scene):
    """Reads errors about two dtypes in one operation."""
    for pattern in _TWO_DTYPES:
        found = re.search(pattern, scene.text)
        if found and found[1].lower() != found[2].lower():
            break
    else:
        return None
    lines = [line for line in scene.lines if line.is_inside]
    line = lines[-1] if lines else None
    where = f" in {quoted(scene.layer)}" if scene.layer is not None else ""
    at = (
        f" ({line.function}, line {line.number}: {line.source})" if line else ""
    )
    odd = [
        f"{label} is {array.dtype}"
        for label, array in scene.data.arrays.items()
        if array.dtype != "float32"
    ]
    told = f"; {', '.join(odd)}" if odd else ""
    return Reading(
        f"{found[1]} and {found[2]} meet{where}{at}{told}",
        'bring both to one dtype: keras.ops.cast(value, "float32") on the '
        'one that differs, or y.astype("float32") before fit.',
    )


def needs_integers(scene):
    """Reads errors of a look-up by numbers with a fraction."""
    if not _INTEGERS.search(scene.text):
        return None
    name = quoted(scene.layer) if scene.layer is not None else "the code"
    return Reading(
        f"{name} looks up rows by numbers that are no integers",
        'write keras.ops.cast(x, "int32") before it, or x.astype("int32") if '
        "they are indices at all.",
    )


READERS = (
    needs_integers,
    index_out_of_range,
    no_targets,
    no_numbers,
    two_dtypes,
)
