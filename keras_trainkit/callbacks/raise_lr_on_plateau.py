"""A raised learning rate for a while, where a metric stands still."""

from keras_trainkit.backend.devices.data_parallel import refuse_ranks
from keras_trainkit.backend.devices.distribution import refuse_impossible
from keras_trainkit.backend.devices.process import is_main_process
from keras_trainkit.backend.training.metric_direction import improves_upwards
from keras_trainkit.callbacks.bases.traced_callback import TracedCallback
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.kernels.curves.plateau import PlateauRule
from keras_trainkit.kernels.curves.plateau import Watched
from keras_trainkit.scheduling.curves_in_fit import CurvesInFit
from keras_trainkit.scheduling.learning_rate import LearningRate

# Of the names in the logs of an epoch: keras/src/backend/torch/trainer.py.
_VALIDATION = "val_"


class RaiseLROnPlateau(TracedCallback):
    """Raises the learning rate for a while when a metric stops improving.

    A metric that has stopped improving may mean a good minimum, where the rate
    should be lowered (`keras.callbacks.ReduceLROnPlateau`), or a poor minimum
    or a saddle, which a few epochs at a high rate can leave. This is for the
    second case: after `patience` epochs without an improvement the learning
    rate is multiplied by `factor` for `duration` epochs, a "kick", and then
    goes back to what it would have been. A kick also leaves a good minimum:
    limit the kicks, leave epochs to settle after the last one, or keep the
    best weights (`keras.callbacks.ModelCheckpoint`).

    `rate(update) = factor(epoch) * curve(update)`, where `factor(epoch)` is 1
    outside the kicks, and the curve is the plain rate or the schedule given to
    `compile`, or the curve of `OneCycle` or `HyperparameterSchedule`;
    `FineTuning` multiplies it, too. The order of the callbacks does not
    matter. With a plain rate a kick compiles nothing; with a curve the first
    kick compiles the step a second time.

    Within a kick and its cooldown nothing is counted; then counting starts
    again, with the next value as the best so far. A value that is not finite
    is no plateau. With `validation_freq` an epoch without validation is not
    waited for; it does count as one of a kick or cooldown.

    `history.history["learning_rate"]` holds the rate of each epoch's last
    update. In `trace()` a step is a position on the curve of `OneCycle` or
    `HyperparameterSchedule`; without one it is the optimizer's own count of
    updates. After `fit`, even one that ends with an exception, the learning
    rate is what it was before.

    Every `fit` starts to count again, and so does a resumed one. Keras's
    backups hold no callback's state (that of `ReduceLROnPlateau` is lost,
    too), so after `keras.callbacks.BackupAndRestore` the learning rate is not
    raised. No other callback may write the learning rate during the `fit`:
    `ReduceLROnPlateau` or `LearningRateScheduler` beside this callback is an
    error.

    Args:
        monitor: Name of the metric in the logs. Defaults to `"val_loss"`.
        factor: Finite float above 1. Defaults to `5.0`.
        patience: Integer of at least 1, epochs without an improvement after
            which the rate is raised. Defaults to `10`.
        duration: Integer of at least 1, epochs of a kick. Defaults to `1`.
        max_kicks: Integer of at least 1, kicks in a `fit` at most; `None`
            for no limit. Defaults to `3`.
        cooldown: Integer of at least 0, epochs after a kick that are not
            counted either. Defaults to `0`.
        min_delta: Finite float of at least 0: only a change by more than this
            is an improvement. Defaults to `1e-4`.
        mode: `"min"`, `"max"`, or `"auto"`: told by the metric, as in
            `ReduceLROnPlateau`. Defaults to `"auto"`.
        verbose: `1`, or `"auto"`, prints a line at every kick. Defaults to
            `0`.

    Raises:
        ValueError: At construction for values out of range; at the start of
            `fit` when the optimizer has several learning rates, or a callable
            that is no schedule; when `"auto"` cannot tell the metric's
            direction; and for a metric that is not in the logs: at the end of
            the first epoch if it cannot come later, otherwise at the end of
            a `fit` without it.
        TypeError: For arguments of another type.

    Example:

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.SGD(0.01), "mse")
    >>> kicks = ktk.callbacks.RaiseLROnPlateau(
    ...     monitor="loss", factor=10.0, patience=2, min_delta=1e9, max_kicks=1
    ... )
    >>> history = model.fit(
    ...     np.ones((8, 2)),
    ...     np.ones((8, 1)),
    ...     epochs=5,
    ...     verbose=0,
    ...     callbacks=[kicks],
    ... )
    >>> [round(rate, 6) for rate in history.history["learning_rate"]]
    [0.01, 0.01, 0.01, 0.1, 0.01]

    Reference:

    - [Smith, 2017](https://arxiv.org/abs/1506.01186), on why a rate that is
      raised for a while can help in the end.
    """

    def __init__(
        self,
        monitor="val_loss",
        factor=5.0,
        patience=10,
        duration=1,
        max_kicks=3,
        cooldown=0,
        min_delta=1e-4,
        mode="auto",
        verbose=0,
    ):
        super().__init__()
        if not isinstance(monitor, str):
            raise bad_type("monitor", monitor, "the name of a metric")
        require_number(
            "factor",
            factor,
            "a finite number above 1",
            lambda v: 1 < v < float("inf"),
        )
        self._rule = PlateauRule(
            patience, duration, cooldown, max_kicks, min_delta
        )
        self._rule.check()
        require_choice("mode", mode, ("auto", "min", "max"))
        require_choice("verbose", verbose, (0, 1, False, True, "auto"))
        self.monitor = monitor
        self.factor = factor
        self.patience = patience
        self.duration = duration
        self.max_kicks = max_kicks
        self.cooldown = cooldown
        self.min_delta = min_delta
        self.mode = mode
        self.verbose = verbose

    def on_train_begin(self, logs=None):
        """Takes the learning rate over, unless another callback has it."""
        refuse_ranks(
            self,
            "It decides from the logs of one rank, so the rates of the ranks "
            "would part",
            "Give the loop's optimizer a schedule, such as "
            "`keras_trainkit.schedules.OneCycle`, or change its "
            "`learning_rate` by a loss that is averaged over the ranks.",
        )
        refuse_impossible(self)
        # There may be several, so the class alone does not tell them apart.
        self._rate = LearningRate(self.model, f"{self._owner} {id(self)}")
        self._curves = CurvesInFit(self._owner, self.model, self.rate_before())
        self._curves.take_found_rate()
        self._seen, self._raised = Watched(), False
        self._sign = self._logged = None

    def on_epoch_begin(self, epoch, logs=None):
        """Raises the learning rate, or ends a kick, where it is time."""
        self._curves.begin_epoch(None)
        raised = self._seen.raised > 0
        if raised != self._raised:
            self._raised = raised
            self._rate.set_factor(self.factor if raised else 1.0)
            if raised and self.verbose and is_main_process():
                print(
                    f"{self._owner}: epoch {epoch}: {self.monitor} has stood "
                    f"still for {self.patience} epochs, learning rate times "
                    f"{self.factor:g} for {self.duration}"
                )

    def on_epoch_end(self, epoch, logs=None):
        """Looks at the metric of this epoch."""
        steps = self.params.get("steps")
        self._curves.end_epoch(logs, steps, one_update_per_batch=False)
        value = self._monitored(logs or {})
        self._seen = self._rule.after(self._seen, value)

    def on_train_end(self, logs=None):
        """Gives the learning rate back, unless another callback has it."""
        super().on_train_end()
        missed = self._logged is not None and self._sign is None
        if missed and not self.model.stop_training:
            raise self._not_logged("some epoch")

    def _monitored(self, logs):
        """Returns the metric, negated where larger is better, or `None`."""
        if self.monitor not in logs:
            self._logged = sorted(logs)
            if not self._may_come_later(logs):
                raise self._not_logged("every epoch with validation")
            return None
        if self._sign is None:
            self._sign = -1.0 if self._upwards() else 1.0
        return self._sign * float(logs[self.monitor])

    def _may_come_later(self, logs):
        """Whether this may be an epoch that `validation_freq` leaves out."""
        validated = any(name.startswith(_VALIDATION) for name in logs)
        of_validation = self.monitor.startswith(_VALIDATION)
        return of_validation and not validated and self._curves.may_validate()

    def _not_logged(self, when):
        return bad_value(
            "monitor",
            self.monitor,
            f"in the logs of {when}, which hold {self._logged}",
            "Pass `validation_data` for a metric of validation, or monitor "
            "one of these.",
        )

    def _upwards(self):
        if self.mode != "auto":
            return self.mode == "max"
        return improves_upwards(self.model, self.monitor, self._owner)
