"""A raised learning rate for a while, where a metric stands still."""

from keras_trainkit.backend.devices.process import is_main_process
from keras_trainkit.backend.training.metric_direction import improves_upwards
from keras_trainkit.callbacks.scheduled_callback import ScheduledCallback
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.kernels.curves.plateau import PlateauRule
from keras_trainkit.kernels.curves.plateau import Watched
from keras_trainkit.scheduling.found_rate import FoundRate
from keras_trainkit.scheduling.scheduled_fit import active_control

_RATE = "learning_rate"


class RaiseLROnPlateau(ScheduledCallback):
    """Kicks the learning rate up for a while when a metric stands still.

    A metric that stands still may mean a good minimum, where the rate should
    be lowered (`keras.callbacks.ReduceLROnPlateau`), or a poor one or a
    saddle, where a few epochs at a high rate can get training out. This is
    for the second case: after a plateau of `patience` epochs the learning
    rate is `factor` times what it would be for `duration` epochs, then it is
    where it would be again. A kick also throws training out of a good
    minimum: limit the kicks, leave epochs to settle after the last one, or
    keep the best weights (`keras.callbacks.ModelCheckpoint`).

    `rate(update) = factor(epoch) * curve(update)`, where `factor(epoch)` is 1
    outside the kicks and the curve is that of whoever has the learning rate:
    the plain rate or the schedule given to `compile`, `OneCycle`,
    `HyperparameterSchedule`; `FineTuning` multiplies it, too. The order of
    the callbacks does not matter. With a plain rate a kick compiles nothing;
    with a curve the first kick compiles the step a second time.

    Within a kick and its cooldown nothing is counted; then the watch begins
    anew, with the next value as the best so far. A value that is not finite
    is no plateau. `history.history["learning_rate"]` holds the rate of each
    epoch's last update; in `trace()` a step is a position on the owner's
    curve, without one the optimizer's own count of updates. After `fit`, also
    after one that died, the learning rate is what it was before.

    The next `fit` begins anew, and so does a resumed one: Keras's backups
    hold no callback's state (that of `ReduceLROnPlateau` is lost, too), so
    after `keras.callbacks.BackupAndRestore` the learning rate is not raised,
    and waiting and counting begin again. Nobody else may write the learning
    rate during the `fit`: `ReduceLROnPlateau` or `LearningRateScheduler`
    beside this callback is an error.

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
        verbose: `1` prints a line at every kick. Defaults to `0`.

    Raises:
        ValueError: At construction for values out of range; at the start of
            `fit` when the optimizer has several learning rates, or a callable
            that is no schedule; at the end of an epoch whose logs lack the
            metric, or when `"auto"` cannot tell its direction.
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
        if mode not in ("auto", "min", "max"):
            raise bad_value("mode", mode, '"auto", "min" or "max"')
        if verbose not in (0, 1):
            raise bad_value("verbose", verbose, "0 or 1")
        self.monitor = monitor
        self.factor = factor
        self.patience = patience
        self.duration = duration
        self.max_kicks = max_kicks
        self.cooldown = cooldown
        self.min_delta = min_delta
        self.mode = mode
        self.verbose = verbose

    def curves(self, optimizer):
        """Returns the learning rate as it is, unless someone has it."""
        control = active_control(self.model)
        if control is not None and _RATE in control.claims:
            return {}
        return {_RATE: FoundRate(optimizer, self._rate_before)}

    def on_train_begin(self, logs=None):
        """Takes the learning rate over, if nobody else has it."""
        super().on_train_begin()
        self._own_claims = list(self._claims.values())
        self._follow()
        self._seen, self._raised, self._sign = Watched(), False, None

    def on_epoch_begin(self, epoch, logs=None):
        """Raises the learning rate, or ends a kick, where it is time."""
        super().on_epoch_begin(epoch)
        raised = self._seen.raised > 0
        if raised != self._raised:
            self._raised = raised
            factor = self.factor if raised else 1.0
            name = f"{self._owner} {id(self)}"  # there may be several
            self._control.set_factor(_RATE, name, factor)
            if raised and self.verbose and is_main_process():
                print(
                    f"{self._owner}: epoch {epoch}: {self.monitor} has stood "
                    f"still for {self.patience} epochs, learning rate times "
                    f"{self.factor:g} for {self.duration}"
                )

    def on_epoch_end(self, epoch, logs=None):
        """Looks at the metric of this epoch."""
        super().on_epoch_end(epoch, logs)
        value = self._monitored(logs or {})
        self._seen = self._rule.after(self._seen, value)

    def on_train_end(self, logs=None):
        """Gives the learning rate back, if nobody else has it."""
        self._control.release(self._own_claims)
        self._rate_before = None

    def _monitored(self, logs):
        """Returns the metric, negated where larger is better."""
        if self.monitor not in logs:
            raise bad_value(
                "monitor",
                self.monitor,
                f"in the logs of every epoch, which hold {sorted(logs)}",
                "Pass `validation_data` (with `validation_freq=1`) for a "
                "metric of validation, or monitor one of these.",
            )
        if self._sign is None:
            self._sign = -1.0 if self._upwards() else 1.0
        return self._sign * float(logs[self.monitor])

    def _upwards(self):
        if self.mode != "auto":
            return self.mode == "max"
        return improves_upwards(self.model, self.monitor, self._owner)

    def _start_curves(self, epoch):
        # What was found, a constant or a compiled schedule, began with the
        # optimizer and not with the run.
        self._control.start(self._own_claims, None)
        self._follow()

    def _follow(self):
        """Notes whose learning rate it is; all have a say until epoch 0."""
        self._claims = {_RATE: self._control.claims[_RATE]}
