"""A sample of the data a model is trained on, and what it looks like."""

import dataclasses

import keras
import numpy as np

from keras_trainkit.backend.randomness.random_state import RandomState
from keras_trainkit.backend.randomness.torch_generators import data_generators
from keras_trainkit.diagnostics.facts.data.sampled_arrays import as_arrays
from keras_trainkit.diagnostics.facts.data.sampled_arrays import first_batches
from keras_trainkit.diagnostics.facts.data.sampled_arrays import is_dataset
from keras_trainkit.diagnostics.facts.data.sampled_arrays import keys_of
from keras_trainkit.diagnostics.facts.data.sampled_arrays import parts_of
from keras_trainkit.kernels.argument_checks import bad_value

# Enough for statistics of columns; whole arrays are read where that is cheap.
ROWS = 1024
_CHEAP = 20_000_000


@dataclasses.dataclass(frozen=True)
class Sample:
    """Rows of the data that a model is to be trained on.

    Attributes:
        x: List of arrays, one for each input of the model: rows from all over
            the arrays, in their order, or the first batches of a dataset.
        y: List of arrays, one for each output, or `None` without targets.
        n: Integer, how many rows `x` holds.
        rows: Integer, how many there are in all, or `None` where a dataset
            does not know.
        input_keys: Keys of the inputs where they were a dict, else `None`.
        output_keys: Keys of the targets, likewise.
        lengths: Dict of the rows in all of `"x"` and `"y"`; unlike ones are a
            fault, and then `y` holds the rows that have a partner.
        whole_x: List as `x`, of all rows where they are arrays.
        whole_y: List as `y`, likewise.
        non_finite: Dict `{"x" or "y": how many values are NaN or infinite}`.
        is_dataset: Whether the data make their own batches.
        batch_size: Integer, the rows of the first batch of a dataset.
        steps: Integer, the batches of an epoch of a dataset, where known.
        validation: Pair of lists as `x` and `y` of all rows, or `None`.
    """

    x: list
    y: list | None
    n: int
    rows: int | None
    lengths: dict
    whole_x: list
    whole_y: list | None
    non_finite: dict
    input_keys: list | None = None
    output_keys: list | None = None
    is_dataset: bool = False
    batch_size: int | None = None
    steps: int | None = None
    validation: tuple | None = None

    def head(self, count):
        """Returns the first rows, as a model is called and a loss is.

        Args:
            count: Integer, at most so many rows.

        Returns:
            A tuple `(inputs, targets)`: arrays, lists of them or dicts, as
            they were given; the targets are `None` without any.
        """
        inputs = _packed([one[:count] for one in self.x], self.input_keys)
        if self.y is None:
            return inputs, None
        targets = [one[:count] for one in self.y]
        return inputs, _packed(targets, self.output_keys)


def sample_of(model, x, y=None, validation_data=None):
    """Reads what is needed of some data, and leaves them as they were.

    Random states that a shuffled pipeline draws from are put back; the counter
    inside of a `tf.data.Dataset` that shuffles anew in each epoch goes on.

    Args:
        model: The `keras.Model`, whose names of inputs and outputs put dicts
            in order. `None`: in the order of the names.
        x: Array, list or dict of arrays, or a dataset that can be read again:
            `tf.data.Dataset`, `PyDataset`, torch `DataLoader`, list of
            batches.
        y: Targets, as the outputs. Defaults to `None`.
        validation_data: Pair of arrays or structures of them. Defaults to
            `None`.

    Returns:
        A `Sample`.

    Raises:
        TypeError: If the data can be read only once, or are no arrays.
        ValueError: If there are no rows.
    """
    if is_dataset(x):
        random = RandomState(data_generators(x))
        try:
            sample = _of_dataset(x, y, model)
        finally:
            random.restore()
    else:
        sample = _of_arrays(x, y, model)
    return dataclasses.replace(
        sample, validation=_validation(validation_data, model)
    )


def _of_arrays(x, y, model):
    inputs = as_arrays("x", x, input_names(model))
    targets = None if y is None else as_arrays("y", y, output_names(model))
    lengths = {"x": _length("x", inputs)}
    if targets is not None:
        lengths["y"] = _length("y", targets)
    rows = min(lengths.values())
    if not rows:
        raise bad_value("x, y", lengths, "of at least one row")
    places = np.unique(np.linspace(0, rows - 1, min(rows, ROWS)).astype(int))
    return Sample(
        [one[places] for one in inputs],
        None if targets is None else [one[places] for one in targets],
        len(places),
        lengths["x"],
        lengths,
        inputs,
        targets,
        {
            "x": _non_finite(inputs, places),
            "y": _non_finite(targets or [], places),
        },
        keys_of(x, input_names(model)),
        keys_of(y, output_names(model)),
    )


def _of_dataset(x, y, model):
    if y is not None:
        raise bad_value(
            "y",
            f"{type(y).__name__} beside a dataset",
            "None where `x` is a dataset, which brings its own targets",
        )
    batches, steps, rows = first_batches(x, ROWS)
    pairs = [parts_of(one) for one in batches]
    inputs = _joined("x", [one for one, _ in pairs], input_names(model))
    targets = None
    if all(one is not None for _, one in pairs):
        targets = _joined("y", [one for _, one in pairs], output_names(model))
    lengths = {"x": _length("x", inputs)}
    if targets is not None:
        lengths["y"] = _length("y", targets)
    first = len(keras.tree.flatten(pairs[0][0])[0])
    held = min(lengths.values())
    places = np.arange(held)
    return Sample(
        [one[:held] for one in inputs],
        None if targets is None else [one[:held] for one in targets],
        held,
        rows,
        lengths,
        inputs,
        targets,
        {
            "x": _non_finite(inputs, places),
            "y": _non_finite(targets or [], places),
        },
        keys_of(pairs[0][0], input_names(model)),
        keys_of(pairs[0][1], output_names(model)),
        is_dataset=True,
        batch_size=first,
        steps=steps,
    )


def _packed(arrays, keys):
    if keys is not None:
        return dict(zip(keys, arrays, strict=True))
    return arrays[0] if len(arrays) == 1 else arrays


def _joined(name, parts, names):
    columns = [as_arrays(name, one, names) for one in parts]
    shapes = {tuple(a.shape[1:] for a in one) for one in columns}
    # Batches that are padded each to its own length do not join.
    if len(shapes) > 1:
        columns = columns[:1]
    return [np.concatenate(some) for some in zip(*columns, strict=True)]


def _validation(given, model):
    if given is None:
        return None
    if (
        is_dataset(given)
        or not isinstance(given, (tuple, list))
        or len(given) not in (2, 3)
    ):
        raise bad_value(
            "validation_data",
            type(given).__name__,
            "a pair (x, y) of arrays",
            "Leave it out, or collect its batches into arrays.",
        )
    return (
        as_arrays("validation_data", given[0], input_names(model)),
        as_arrays("validation_data", given[1], output_names(model)),
    )


def input_names(model):
    """Returns the names of a model's inputs, `None` where it has no graph."""
    tensors = getattr(model, "inputs", None)
    return [one.name for one in tensors] if tensors else None


def output_names(model):
    """Returns the names of a model's outputs, or `None`."""
    names = getattr(model, "output_names", None)
    return list(names) if names else None


def _length(name, arrays):
    lengths = {len(one) for one in arrays}
    if len(lengths) > 1:
        raise bad_value(
            name, f"{sorted(lengths)} rows", "arrays of the same length"
        )
    return lengths.pop()


def _non_finite(arrays, places):
    count = 0
    for one in arrays:
        if one.dtype.kind == "f":
            looked = one if one.size <= _CHEAP else one[places]
            count += int((~np.isfinite(looked)).sum())
    return count
