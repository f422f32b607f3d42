"""Stochastic weight averaging: the mean of the weights of several epochs."""

from pathlib import Path

import keras

from keras_trainkit.backend.devices.device_copies import copies
from keras_trainkit.backend.devices.device_copies import read_copies
from keras_trainkit.backend.devices.device_copies import write_copies
from keras_trainkit.backend.devices.distribution import refuse_to_be_worker
from keras_trainkit.backend.devices.distribution import refuse_workers
from keras_trainkit.backend.model.layers import is_built
from keras_trainkit.backend.training.running_fit import RunningFit
from keras_trainkit.backend.training.stand_in_weights import StandInWeights
from keras_trainkit.batch_norm.refresher import Refresher
from keras_trainkit.batch_norm.refresher import trained_layers
from keras_trainkit.batch_norm.statistics import statistics_of
from keras_trainkit.callbacks.bases.average_files import AverageFiles
from keras_trainkit.callbacks.bases.weights_after import averages_weights
from keras_trainkit.callbacks.bases.weights_after import refuse_later_weights
from keras_trainkit.callbacks.refresh_batch_norm import require_refresh_data
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import is_integer
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.kernels.averaged_epochs import averaged_epochs
from keras_trainkit.kernels.equal_average import EqualAverage


class StochasticWeightAveraging(keras.callbacks.Callback):
    """Averages the weights of late epochs, all with the same weight.

    A training at a rate that stays high, or goes up and down, walks around a
    good region; the mean of the places that it has visited lies nearer to the
    middle, where the loss is flatter, and often generalises better than any
    of them. From epoch `start` on, at the end of every `every`-th epoch,

    `average_n = average_(n-1) + (weights - average_(n-1)) / n`.

    Training goes on with its own weights, bit for bit as without the callback.
    From the first average on, validations use the average, and a
    BatchNormalization the exact statistics under it (`batch_norm.refresh`);
    own weights and statistics are back after each step of the validation, so
    also after an exception, and checkpoints hold them. When `fit` ends, the
    model has the average and its statistics for good.

    The rate belongs to it: give the `fit` a `HyperparameterSchedule` that is
    constant from `start` on, or in cycles of `every` epochs at whose ends the
    rate is lowest. Where one weight average over all late steps will do, with
    newer ones counting more, Keras's `use_ema=True` is enough, with
    `RefreshBatchNorm`; see the page on weight averaging.

    Args:
        x: The inputs of the training data, as `RefreshBatchNorm` takes them.
            Defaults to `None`, for models without BatchNormalization.
        start: Float from 0 to below 1, the share of the epochs of `fit` after
            which the average begins; or an integer, the first epoch that
            counts, from 0. Defaults to 0.75.
        every: Integer above 0, epochs from one summand to the next: the length
            of a cycle. The first one is at the end of epoch
            `start + every - 1`. Defaults to 1.
        batch_size: Integer above 0, for the statistics. Defaults to 32.
        steps: Integer above 0: only so many batches for the statistics.
            Defaults to `None`: all.
        backup_dir: Path of a folder for the average, so that a run that is
            killed can be resumed by `BackupAndRestore`: the average is
            written at the end of each epoch, and removed at the end of `fit`.
            Defaults to `None`.

    Attributes:
        count: How many epochs the average is of.

    Raises:
        ValueError: At construction for numbers out of range; at the start of
            `fit` if `x` is missing, the `fit` ends before the first summand,
            the optimizer averages weights itself, a callback behind this one
            would replace the average, or the `fit` begins behind `start` and
            `backup_dir` has no average of that epoch; if nothing trains, or
            what trains changes while it is averaged; at the end of `fit` if it
            was stopped before the first summand: the weights are the trained
            ones then.
        TypeError: For arguments of another type.

    Example:

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.SGD(0.1), "mse")
    >>> x, y = np.ones((8, 2)), np.ones((8, 1))
    >>> averaging = ktk.callbacks.StochasticWeightAveraging(x, start=2)
    >>> rate = ktk.callbacks.HyperparameterSchedule(
    ...     learning_rate=lambda epoch: 0.1 if epoch < 2 else 0.05,
    ...     unit="epoch",
    ... )
    >>> history = model.fit(
    ...     x, y, epochs=5, verbose=0, callbacks=[rate, averaging]
    ... )
    >>> averaging.count
    3

    Reference:

    - [Izmailov et al., 2018](https://arxiv.org/abs/1803.05407)
    """

    ends_with_averages = True

    def __init__(
        self,
        x=None,
        start=0.75,
        every=1,
        batch_size=32,
        steps=None,
        backup_dir=None,
    ):
        super().__init__()
        refuse_to_be_worker(type(self).__name__)
        if x is not None:
            require_refresh_data(x)
        if is_integer(start):
            require_integer("start", start, 0)
        else:
            require_number(
                "start",
                start,
                "an integer of at least 0, or a float from 0 to below 1",
                lambda value: 0 <= value < 1,
            )
        require_integer("every", every, 1)
        require_integer("batch_size", batch_size, 1)
        if steps is not None:
            require_integer("steps", steps, 1)
        if not (backup_dir is None or isinstance(backup_dir, (str, Path))):
            raise bad_type("backup_dir", backup_dir, "a path, or `None`")
        self.params = {}  # a custom loop may not set any
        self.x = x
        self.start = start
        self.every = every
        self.batch_size = batch_size
        self.steps = steps
        self.backup_dir = backup_dir
        self._average = EqualAverage()
        self._running = None

    @property
    def count(self):
        """How many epochs the average is of."""
        return self._average.count

    def on_train_begin(self, logs=None):
        """Finds out where the average begins."""
        refuse_workers(self.model, type(self).__name__)
        refuse_later_weights(self)
        if averages_weights(self.model.optimizer):
            raise bad_value(
                "use_ema",
                True,
                "False in an optimizer with StochasticWeightAveraging: at the "
                "end of `fit` both would set the weights",
                "Decide for one of the two averages.",
            )
        self._averaged = averaged_epochs(
            self.start, self.every, self.params.get("epochs")
        )
        if is_built(self.model):
            self._require_data()
        self._average, self._variables = EqualAverage(), None
        self._refresher = Refresher(self.model)
        self._running = RunningFit()
        self._files = self.backup_dir and AverageFiles(self.backup_dir)
        self._epoch = self._stand_in = None

    def on_epoch_begin(self, epoch, logs=None):
        """Goes on with the average of an earlier run, if this one resumes."""
        self._running.go_on()
        if self._epoch is None:
            self._resume(epoch)
        self._epoch, self._added = epoch, False

    def on_test_begin(self, logs=None):
        """Lets the validation use the average."""
        if self._running is None:
            raise ValueError(
                "Expected StochasticWeightAveraging to be a callback of `fit`."
                " Received: an `evaluate` of its own. When `fit` has ended, "
                "the model has the average; leave the callback out."
            )
        self._add()
        if self.count:
            own = self._put_average()
            values = [(variable, read_copies(variable)) for variable, _ in own]
            _write(own)
            self._stand_in = StandInWeights(self.model, values, self._running)
            self._stand_in.put_on()

    def on_test_end(self, logs=None):
        """Lets evaluations use the weights of the training."""
        if self._stand_in is None:
            return
        stand_in, self._stand_in = self._stand_in, None
        if not stand_in.is_on():
            raise ValueError(
                "Expected the model's `test_function` to be left alone during "
                "a validation with StochasticWeightAveraging. Received: "
                "another one, set by someone else, such as another callback "
                "that compiles the model. Remove one of the two."
            )
        stand_in.take_off()

    def on_epoch_end(self, epoch, logs=None):
        """Adds the weights to the average, if no validation has."""
        self._add()
        if self._files and epoch >= self._averaged.begin:
            self._files.save(epoch + 1, self._average)

    def on_train_end(self, logs=None):
        """Gives the model the average."""
        self._running.forget()
        self._running = None
        if not self.count:
            raise ValueError(
                "Expected a `fit` that reaches the end of epoch "
                f"{self._averaged.first}, at which StochasticWeight"
                f"Averaging begins. Received: one that was stopped in epoch "
                f"{self._epoch}. The model has the weights of that epoch. "
                "Give a smaller `start`, or leave out what stops the training."
            )
        self._put_average()
        if self._files:
            self._files.clear()
        del self._variables, self._refresher, self._files

    def _require_data(self):
        layers = list(trained_layers(self.model))
        if layers and self.x is None:
            raise bad_value(
                "x",
                None,
                "the inputs of the training data: the model has "
                f"BatchNormalizations, {layers}, whose statistics do not "
                "belong to averaged weights",
            )

    def _resume(self, epoch):
        if epoch <= self._averaged.begin:
            if self._files:
                self._files.clear()
            return
        if not self._files:
            raise bad_value(
                "backup_dir",
                None,
                f"given where `fit` begins at epoch {epoch}, behind `start`, "
                "so that the epochs averaged before are known",
                "To average the epochs from here on only, give them as "
                "`start`.",
            )
        average = self._files.load(epoch)
        variables = self.model.trainable_variables
        shapes = [tuple(one.shape) for one in variables]
        expected = self._averaged.before(epoch)
        if average.count != expected or (
            average.count and [a.shape for a in average.arrays] != shapes
        ):
            raise bad_value(
                "backup_dir",
                str(self.backup_dir),
                f"a folder with an average of {expected} epochs of this model",
                f"Its average is of {average.count} epochs. It was written "
                "with another model, `start` or `every`.",
            )
        self._average = average
        self._variables = variables if average.count else None

    def _add(self):
        if self._added or not self._averaged.has(self._epoch):
            return
        variables = self.model.trainable_variables
        if not variables:
            raise bad_value(
                "model",
                self.model.name,
                "one that trains, with StochasticWeightAveraging: nothing is "
                "trainable",
                "Unfreeze a layer, or leave the callback out.",
            )
        if self._variables is None:
            self._variables = variables
        if [*map(id, variables)] != [*map(id, self._variables)]:
            raise ValueError(
                "Expected the same weights to train while they are averaged. "
                f"Received: others in epoch {self._epoch} than before. Give "
                "StochasticWeightAveraging a `start` behind the last stage of "
                "FineTuning."
            )
        self._average.add([read_copies(one)[0] for one in variables])
        self._added = True

    def _put_average(self):
        """Gives the model the average; returns what it has replaced."""
        layers = trained_layers(self.model).values()
        statistics = [v for layer in layers for v in statistics_of(layer)]
        variables = [*self._variables, *statistics]
        own = [(variable, read_copies(variable)) for variable in variables]
        try:
            for variable, mean in zip(
                self._variables, self._average.arrays, strict=True
            ):
                write_copies(variable, [mean] * len(copies(variable)))
            if statistics:
                self._require_data()
                self._refresher(self.x, self.batch_size, self.steps)
        except BaseException:
            _write(own)
            raise
        return own


def _write(values):
    for variable, arrays in values:
        write_copies(variable, arrays)
