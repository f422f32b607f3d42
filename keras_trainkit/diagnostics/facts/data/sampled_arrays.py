"""Arrays out of whatever `fit` takes as data."""

import itertools

import keras
import numpy as np

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.data_checks import require_arrays


def as_arrays(name, data, names=None):
    """Returns a structure of arrays as a list of NumPy arrays.

    Args:
        name: The argument's name, for errors.
        data: Array, tensor, table, or list, tuple or dict of them; a nested
            list of numbers is one array.
        names: Sequence of names that put a dict in order. Defaults to `None`:
            in the order of its keys.
    """
    keys = keys_of(data, names)
    if keys is not None:
        parts = [data[key] for key in keys]
    elif isinstance(data, (list, tuple)) and _holds_arrays(data):
        parts = keras.tree.flatten(data)
    else:
        parts = [data]
    if not parts:
        raise bad_value(name, data, "an array or a structure of arrays")
    return [_array(name, part) for part in parts]


def require_readable(name, data):
    """Raises unless `as_arrays` can read `data`; arrays are not copied.

    Args:
        name: The argument's name.
        data: As for `as_arrays`.
    """
    if isinstance(data, (list, tuple)) and data and not _holds_arrays(data):
        as_arrays(name, data)
    else:
        require_arrays(name, data)


def keys_of(data, names=None):
    """Returns the keys of a dict in the order of `names`; `None` if it is none.

    Args:
        data: As for `as_arrays`.
        names: As for `as_arrays`.
    """
    if not isinstance(data, dict):
        return None
    known = names is not None and set(names) <= set(data)
    return list(names) if known else sorted(data)


def is_dataset(data):
    """Whether data make batches themselves.

    Args:
        data: What was given as `x`.

    Raises:
        TypeError: If they can be read only once.
    """
    if isinstance(data, keras.utils.PyDataset):
        return True
    if isinstance(data, (dict, str)) or hasattr(data, "__array__"):
        return False
    if isinstance(data, (list, tuple)):
        return _are_batches(data)
    if not hasattr(data, "__iter__"):
        return False
    if hasattr(data, "__next__"):
        raise bad_type(
            "x",
            data,
            "data that can be read more than once",
            "A generator would lose the batches that are looked at. Take one "
            "batch, `x, y = next(generator)`, and pass that.",
        )
    return not hasattr(data, "iloc")


def first_batches(data, rows):
    """Returns the first batches of a dataset, up to a number of rows.

    Args:
        data: A dataset, see `is_dataset`.
        rows: Integer, how many rows are enough.

    Returns:
        A tuple `(batches, steps, rows in all)`; the last two are `None` where
        the dataset does not know.
    """
    batches, count = [], 0
    for batch in _batches(data):
        inputs, _ = parts_of(batch)
        shape = tuple(getattr(keras.tree.flatten(inputs)[0], "shape", ()))
        if not shape:
            raise bad_type(
                "x",
                data,
                "a dataset of batches",
                "Its elements are single numbers: call `.batch(32)`.",
            )
        batches.append(batch)
        count += shape[0]
        if count >= rows:
            break
    if not batches:
        raise bad_value("x", data, "a dataset with at least one batch")
    steps = _steps(data)
    if steps is not None and steps <= len(batches):
        return batches, len(batches), count
    whole = None if steps is None else steps * (count // len(batches))
    return batches, steps, whole


def parts_of(batch):
    """Returns `(x, y)` of a batch; `y` is `None` where it has none."""
    if isinstance(batch, (tuple, list)) and len(batch) in (2, 3):
        return batch[0], batch[1]
    if isinstance(batch, (tuple, list)) and len(batch) == 1:
        return batch[0], None
    return batch, None


def _batches(data):
    if isinstance(data, keras.utils.PyDataset):
        # Its `num_batches` may be None: endless.
        count = data.num_batches
        places = itertools.count() if count is None else range(count)
        return (data[place] for place in places)
    return iter(data)


def _steps(data):
    if isinstance(data, keras.utils.PyDataset):
        return data.num_batches
    if hasattr(data, "cardinality"):
        count = int(data.cardinality())
        return count if count >= 0 else None
    return len(data) if hasattr(data, "__len__") else None


def _are_batches(data):
    """Whether a list holds `(x, y)` pairs rather than arrays."""
    return len(data) > 0 and all(
        isinstance(one, tuple) and len(one) in (2, 3) and _holds_arrays(one)
        for one in data
    )


def _holds_arrays(data):
    if isinstance(data, dict):
        data = list(data.values())
    return any(
        hasattr(one, "__array__")
        or (isinstance(one, (list, tuple, dict)) and _holds_arrays(one))
        for one in data
    )


def _array(name, part):
    if keras.ops.is_tensor(part):
        return keras.ops.convert_to_numpy(part)
    if hasattr(part, "detach") and hasattr(part, "numpy"):
        return part.detach().cpu().numpy()
    if hasattr(part, "tocsr"):
        return part.toarray()
    whole = hasattr(part, "__array__") or isinstance(part, (list, tuple))
    array = _from_sequence(name, part) if whole else None
    if array is None or not array.ndim:
        raise bad_type(
            name,
            part,
            "an array, or a list, tuple or dict of arrays, or a dataset that "
            "can be read more than once",
        )
    if array.dtype.kind == "O" and not isinstance(array.flat[0], str):
        return _numbers(name, array)
    return array


def _from_sequence(name, part):
    try:
        return np.asarray(part)
    except ValueError as error:
        raise _ragged(name, part) from error


def _numbers(name, array):
    """Columns of unlike dtype, as a table has them, are numbers as well."""
    try:
        return array.astype("float64")
    except (TypeError, ValueError) as error:
        raise _ragged(name, array) from error


def _ragged(name, part):
    shown = f"{type(part).__name__} of {len(part)} rows"
    return bad_value(
        name,
        shown,
        "rows of one length",
        "Pad them first: `keras.utils.pad_sequences(rows)`.",
    )
