"""The training set's loss as an evaluation sees it, during `fit`."""

import math

import keras
import numpy as np

from keras_trainkit.backend.devices.distribution import refuse_to_be_worker
from keras_trainkit.backend.devices.distribution import refuse_workers
from keras_trainkit.backend.training.clean_evaluation import CleanEvaluation
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.models.inference_undone import inference_undone


class EvaluateTraining(keras.callbacks.Callback):
    """Logs the training set's loss in inference mode, beside the usual one.

    The `loss` that `fit` logs cannot be compared with `val_loss`: it is the
    mean over an epoch in which the weights change, with dropout switched on
    and the penalties of regularizers in it. So it is often above the
    validation loss, and a gap between the two says little. Every `every`
    epochs this callback evaluates training data with the weights at the end
    of the epoch,

    `clean_loss = mean(loss(y, model(x, training=False)))`,

    without regularizers, and all metrics of `compile`. It adds `clean_loss`,
    `clean_accuracy`, ... to the logs, and so to `history`. Losses of layers'
    own (`add_loss`) are no regularizers and count. Keras has the penalties in
    `val_loss` too: where a model has some, use a second one of these on the
    validation data with another `prefix`.

    The first epoch of the `fit` is evaluated, every `every`-th after it and
    the last one; in the epochs between the values are NaN. Callbacks that
    monitor a value must be listed after this one, and told by `mode="min"` or
    `"max"` which way is better: Keras does not know these names.

    Training goes on as if the callback were not there, bit for bit: weights,
    statistics, the metrics' states, seed generators and the global random
    states are put back.

    Args:
        x: The inputs: an array, or a list or dict of arrays.
        y: Their targets, as `fit` takes them: an array, or a list or dict of
            arrays for several outputs. Defaults to `None`: the model's losses
            are all its layers' own.
        sample_weight: Array of one weight a row, or `None`. Defaults to
            `None`.
        batch_size: Integer above 0. Defaults to 32.
        every: Integer above 0, epochs from one evaluation to the next.
            Defaults to 1.
        sample_size: Integer above 0: so many rows are drawn once, and
            evaluated each time. Defaults to `None`: all rows.
        seed: Integer of at least 0 that the draw depends on. Defaults to 0.
        prefix: String before the names. Defaults to `"clean_"`.

    Raises:
        ValueError: At construction for numbers out of range and for arrays of
            different numbers of rows; at the end of an epoch if another
            callback logs the same names.
        TypeError: For arguments of another type.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((2,)),
    ...         keras.layers.Dropout(0.9),
    ...         keras.layers.Dense(1, kernel_regularizer="l2"),
    ...     ]
    ... )
    >>> model.compile("sgd", "mse")
    >>> x, y = np.ones((8, 2), "float32"), np.zeros((8, 1), "float32")
    >>> clean = ktk.callbacks.EvaluateTraining(x, y)
    >>> history = model.fit(x, y, verbose=0, callbacks=[clean]).history
    >>> expected = np.mean(model.predict(x, verbose=0) ** 2)
    >>> bool(np.isclose(history["clean_loss"][0], expected))
    True
    """

    def __init__(
        self,
        x,
        y=None,
        sample_weight=None,
        batch_size=32,
        every=1,
        sample_size=None,
        seed=0,
        prefix="clean_",
    ):
        super().__init__()
        refuse_to_be_worker(type(self).__name__)
        require_integer("batch_size", batch_size, 1)
        require_integer("every", every, 1)
        require_integer("seed", seed, 0)
        if not isinstance(prefix, str) or not prefix:
            raise bad_type("prefix", prefix, "a string that is not empty")
        rows = _rows({"x": x, "y": y, "sample_weight": sample_weight})
        if sample_size is not None:
            require_integer("sample_size", sample_size, 1, rows)
        self.x = x
        self.y = y
        self.sample_weight = sample_weight
        self.batch_size = batch_size
        self.every = every
        self.sample_size = sample_size
        self.seed = seed
        self.prefix = prefix
        self._names = []

    def on_train_begin(self, logs=None):
        """Draws the rows of this `fit`."""
        refuse_workers(self.model, type(self).__name__)
        self._first, self._names = None, []
        self._evaluate = CleanEvaluation(self.model)
        self._data = {
            name: _drawn(getattr(self, name), self.sample_size, self.seed)
            for name in ("x", "y", "sample_weight")
        }

    def on_epoch_begin(self, epoch, logs=None):
        """Notes where this `fit` begins."""
        if self._first is None:
            self._first = epoch

    def on_epoch_end(self, epoch, logs=None):
        """Evaluates, if it is this epoch's turn, and adds to the logs."""
        logs = {} if logs is None else logs
        last = epoch == self.params["epochs"] - 1
        if last or (epoch - self._first) % self.every == 0:
            values = self._values()
            self._names = list(values)
        else:
            values = dict.fromkeys(self._names, math.nan)
        taken = sorted(set(logs) & set(values))
        if taken:
            raise bad_value(
                "prefix",
                self.prefix,
                f"such that no two callbacks log {taken}",
                "Give each EvaluateTraining its own.",
            )
        logs.update(values)

    def on_train_end(self, logs=None):
        """Forgets the run."""
        del self._first, self._evaluate, self._data

    def _values(self):
        with inference_undone(self.model):
            found = self._evaluate(**self._data, batch_size=self.batch_size)
        return {
            f"{self.prefix}{name}": float(value)
            for name, value in found.items()
        }


def _rows(data):
    """Returns how many rows all arrays have."""
    rows = {}
    for name, value in data.items():
        for one in keras.tree.flatten(value):
            if one is None:
                continue
            if not getattr(one, "shape", ()):
                raise bad_type(
                    name,
                    value,
                    "an array, or a list or dict of arrays",
                    "Collect the batches of a dataset into arrays first.",
                )
            rows.setdefault(int(one.shape[0]), name)
    if "x" not in rows.values():
        raise bad_type("x", data["x"], "an array, or a list or dict of arrays")
    if len(rows) > 1:
        raise bad_value(
            ", ".join(rows.values()),
            f"{sorted(rows)} rows",
            "of the same number of rows",
        )
    return next(iter(rows))


def _drawn(value, size, seed):
    """Returns the same rows of every array in a structure."""
    if size is None or value is None:
        return value

    def take(one):
        one = np.asarray(one)
        rows = np.random.default_rng(seed).permutation(len(one))[:size]
        return one[np.sort(rows)]

    return keras.tree.map_structure(take, value)
