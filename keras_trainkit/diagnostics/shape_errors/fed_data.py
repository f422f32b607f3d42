"""The data that a failed `fit`, `evaluate` or `predict` was called with."""

import numpy as np

# The batch sizes that the methods of keras.Model take when none is given.
_DEFAULT_BATCH_SIZE = 32
_IN_BATCHES = ("fit", "evaluate", "predict")
_ONE_BATCH = ("train_on_batch", "test_on_batch", "predict_on_batch")


class FedData:
    """The arrays that were fed, and in what batches.

    Args:
        calls: `FailedCall`s, outermost first.

    Attributes:
        method: `"fit"` and so on, or `None` where none was called.
        arguments: Dict of its arguments.
        arrays: Dict of labels such as `"x"` or `"x[0]"` to arrays.
        rows: Number of rows that are trained on, or `None`.
        batch_size: Rows of a batch, or `None`.
        last_batch: Rows of the last batch if it is smaller, else `None`.
        is_stream: Whether it was a dataset or a generator.
    """

    def __init__(self, calls):
        fed = [c for c in calls if c.method in (*_IN_BATCHES, *_ONE_BATCH)]
        self.method = fed[0].method if fed else None
        self.arguments = fed[0].arguments if fed else {}
        self.arrays = dict(self._arrays())
        self.rows = self._rows()
        self.batch_size = self._batch_size()
        self.is_stream = (
            self.method in _IN_BATCHES
            and not self.of("x")
            and not isinstance(
                self.arguments.get("x"), (list, tuple, dict, type(None))
            )
        )
        self.last_batch = None
        if self.rows and self.batch_size and self.rows % self.batch_size:
            self.last_batch = self.rows % self.batch_size

    def of(self, name):
        """Returns `{label: array}` of an argument: `"x"` or `"y"`."""
        return {
            label: array
            for label, array in self.arrays.items()
            if label == name or label.startswith(f"{name}[")
        }

    def like(self, shape, names=("x", "validation_data")):
        """Returns the label of the array with the rows of `shape`, or `None`.

        The first axis, which counts rows, may differ.
        """
        for name in names:
            for label, array in self.of(name).items():
                if array.shape[1:] == tuple(shape[1:]):
                    return label
        return None

    def _arrays(self):
        for name in ("x", "y", "sample_weight", "validation_data"):
            yield from _labelled(name, self.arguments.get(name))

    def _rows(self):
        rows = [len(a) for a in self.of("x").values() if a.ndim]
        if not rows:
            return None
        split = self.arguments.get("validation_split") or 0.0
        # As train_validation_split does, keras/src/trainers/data_adapters.
        return int(np.floor(rows[0] * (1.0 - split)))

    def _batch_size(self):
        if self.rows is None:
            return None
        if self.method in _ONE_BATCH:
            return self.rows
        size = self.arguments.get("batch_size") or _DEFAULT_BATCH_SIZE
        return min(int(size), self.rows)


def _labelled(label, value):
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _labelled(f"{label}[{name!r}]", part)
    elif isinstance(value, (list, tuple)):
        for i, part in enumerate(value):
            yield from _labelled(f"{label}[{i}]", part)
    elif hasattr(value, "shape") and hasattr(value, "dtype"):
        yield label, _Fed(value)


class _Fed:
    """An array as what is asked of it here; tensors are not copied."""

    def __init__(self, value):
        self.value = value
        self.shape = tuple(int(n) for n in value.shape)
        self.ndim = len(self.shape)
        self.dtype = str(value.dtype).removeprefix("torch.")

    def __len__(self):
        return self.shape[0]
