"""Exact statistics of BatchNormalization during and after `fit`."""

import hashlib

import keras

from keras_trainkit.backend.devices.device_copies import read_copies
from keras_trainkit.backend.devices.distribution import refuse_to_be_worker
from keras_trainkit.backend.devices.distribution import refuse_workers
from keras_trainkit.backend.model.layers import is_built
from keras_trainkit.batch_norm.refresher import Refresher
from keras_trainkit.callbacks.bases.weights_after import refuse_later_weights
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.data_checks import require_data


class RefreshBatchNorm(keras.callbacks.Callback):
    """Refreshes the statistics of BatchNormalization in a `fit`.

    What `batch_norm.refresh` computes belongs to the weights of the moment.
    This callback computes it when the weights are those that are validated
    and kept: behind `use_ema`, which puts averages in place of the weights at
    the end of `fit`, and behind `SwapEMAWeights`, which does for the length
    of a validation. Training itself never uses the statistics, so weights,
    losses and random numbers of the `fit` are as without the callback, bit
    for bit (batch renormalisation excepted, which trains with them).

    The statistics are refreshed at the end of `fit` in any case. With an
    `every` of `n` they are at the end of every `n`-th epoch, and of the last
    one, too. `before_validation` has that done before the epoch is validated,
    so that `val_loss` and what monitors it see it; with `every="end"`, before
    the last epoch is. An epoch without validation is refreshed at its end.

    List it behind the callbacks that change weights, `SwapEMAWeights` and
    `EarlyStopping(restore_best_weights=True)`, and before those that save.
    `StochasticWeightAveraging` refreshes by itself.

    Args:
        x: The inputs of the training data, as `batch_norm.refresh` takes
            them, for a callback never sees those of `fit`. No generator,
            which can be read only once.
        every: `"end"`, or an integer above 0 of epochs. Defaults to `"end"`.
        before_validation: Boolean. Defaults to `True`.
        batch_size: Integer above 0. Defaults to 32.
        steps: Integer above 0: only so many batches. Defaults to `None`: all.

    Raises:
        ValueError: At construction for numbers out of range; at the start of
            `fit` if the model has no BatchNormalization that trains (where it
            is built by its first step: at the first refresh), or a callback
            behind this one would change the weights after the refresh; when
            used in `evaluate` alone; and as `batch_norm.refresh` does.
        TypeError: For arguments of another type.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((2,)),
    ...         keras.layers.BatchNormalization(),
    ...         keras.layers.Dense(1),
    ...     ]
    ... )
    >>> model.compile(keras.optimizers.SGD(0.01, use_ema=True), "mse")
    >>> x, y = np.array([[0.0, 1.0], [2.0, 5.0]], "float32"), np.ones((2, 1))
    >>> refresh = ktk.callbacks.RefreshBatchNorm(x)
    >>> history = model.fit(x, y, verbose=0, callbacks=[refresh])
    >>> keras.ops.convert_to_numpy(model.layers[0].moving_mean).tolist()
    [1.0, 3.0]
    """

    def __init__(
        self,
        x,
        every="end",
        before_validation=True,
        batch_size=32,
        steps=None,
    ):
        super().__init__()
        refuse_to_be_worker(type(self).__name__)
        require_refresh_data(x)
        if isinstance(every, str):
            require_choice("every", every, ("end",))
        else:
            require_integer("every", every, 1)
        require_choice("before_validation", before_validation, (True, False))
        require_integer("batch_size", batch_size, 1)
        if steps is not None:
            require_integer("steps", steps, 1)
        self.params = {}  # a custom loop may not set any
        self.x = x
        self.every = every
        self.before_validation = before_validation
        self.batch_size = batch_size
        self.steps = steps
        self._refresher = None

    def on_train_begin(self, logs=None):
        """Looks whether there is something to refresh."""
        refuse_workers(self.model, type(self).__name__)
        refuse_later_weights(self, self.before_validation)
        refresher = Refresher(self.model)
        if is_built(self.model):
            refresher.require_layers()
        self._refresher, self._first = refresher, None
        self._state = None

    def on_epoch_begin(self, epoch, logs=None):
        """Notes which epoch it is."""
        self._first = epoch if self._first is None else self._first
        self._epoch, self._refreshed = epoch, False

    def on_test_begin(self, logs=None):
        """Refreshes before a validation, if it is this epoch's turn."""
        if self._refresher is None:
            raise ValueError(
                "Expected RefreshBatchNorm to be a callback of `fit`. "
                "Received: an `evaluate` of its own. Call "
                "`keras_trainkit.batch_norm.refresh(model, x)` before it."
            )
        if self.before_validation and self._due() and not self._refreshed:
            self._refresh()

    def on_epoch_end(self, epoch, logs=None):
        """Refreshes what no validation has."""
        if self.every != "end" and self._due() and not self._refreshed:
            self._refresh()

    def on_train_end(self, logs=None):
        """Refreshes, unless that was done for just these weights."""
        if self._state is None or self._state != _state(self.model):
            self._refresh()
        self._refresher = self._state = None

    def _due(self):
        last = self._epoch + 1 == self.params.get("epochs")
        if self.every == "end" or last:
            return last
        return (self._epoch + 1 - self._first) % self.every == 0

    def _refresh(self):
        self._refresher(self.x, self.batch_size, self.steps)
        self._refreshed = True
        self._state = _state(self.model)


def require_refresh_data(x):
    """Raises for what cannot be the data of several refreshes."""
    if x is None or hasattr(x, "__next__"):
        raise bad_type(
            "x",
            x,
            "inputs that can be read several times: arrays, a dataset, a "
            "`PyDataset` or a `DataLoader`",
            "Collect the batches of a generator into an array.",
        )
    require_data("x", x)


def _state(model):
    """Returns a number that all values of a model's variables make."""
    found = hashlib.blake2b()
    for variable in model.variables:
        for copy in read_copies(variable):
            found.update(copy.tobytes())
    return found.digest()
