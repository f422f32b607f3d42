"""Any curve over any hyperparameter, inside the compiled step."""

import keras

from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.callbacks.bases.scheduled_callback import ScheduledCallback
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.schedules.curves import check_schedule
from keras_trainkit.schedules.curves import schedule_curve
from keras_trainkit.schedules.curves import table_curve

_UNITS = ("update", "epoch")


class HyperparameterSchedule(ScheduledCallback):
    """Moves learning rate, momentum and weight decay along curves.

    Keras takes a schedule only for the learning rate, and that counts batches,
    not updates, under gradient accumulation. A momentum or weight decay that a
    callback sets is ignored by the compiled steps of TensorFlow and JAX. Here
    each of them follows its curve at every update, on every backend.
    `history`, `trace()`, `plot()`, restoring the values, and the error for two
    callbacks that move the same value are as in `OneCycle`.

    At update `j` of the run a hyperparameter is `curve(j)` with
    `unit="update"`, and `curve(j * k / S)` with `unit="epoch"`, for
    `gradient_accumulation_steps=k` and `S` batches in an epoch.

    For the learning rate alone, without accumulation, no callback is needed:
    give the schedule to the optimizer.

    The values of a curve are checked when `fit` begins: those of a function,
    and of a schedule that takes arrays, at every update; of any other schedule
    at up to a hundred of them.

    Args:
        learning_rate: Curve of the learning rate: a
            `keras.optimizers.schedules.LearningRateSchedule`, or a callable
            `float -> float`, which is tabulated for the run. Defaults to
            `None`: not moved.
        momentum: Curve of `momentum` or `beta_1`, likewise. Defaults to `None`.
        weight_decay: Curve of `weight_decay`, likewise. Defaults to `None`.
        unit: `"update"` or `"epoch"`: what the curves are functions of.
            Defaults to `"update"`.

    Raises:
        ValueError: At construction without any curve or for another unit; at
            the start of `fit` when the optimizer does not use a scheduled
            hyperparameter, when a curve's value does not suit it (below 0 or
            not finite, for momentum also 1 or above), when a needed length is
            unknown, or when another callback moves the hyperparameter.
        TypeError: When a curve is no callable; at the start of `fit` when a
            curve's value is no number.

    Example:

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "mse")
    >>> schedule = ktk.callbacks.HyperparameterSchedule(
    ...     learning_rate=ktk.schedules.Warmup(0.1, warmup_steps=5),
    ...     momentum=lambda epoch: 0.8 if epoch < 1 else 0.9,
    ...     unit="update",
    ... )
    >>> x, y = np.ones((40, 2)), np.ones((40, 1))
    >>> history = model.fit(
    ...     x, y, batch_size=4, verbose=0, callbacks=[schedule]
    ... )
    >>> schedule.trace()["learning_rate"][[0, 5]].round(4).tolist()
    [0.01, 0.1]
    """

    def __init__(
        self,
        learning_rate=None,
        momentum=None,
        weight_decay=None,
        unit="update",
    ):
        super().__init__()
        given = {
            "learning_rate": learning_rate,
            "momentum": momentum,
            "weight_decay": weight_decay,
        }
        for name, curve in given.items():
            if curve is not None and not callable(curve):
                raise bad_type(
                    name,
                    curve,
                    "a LearningRateSchedule or a callable float -> float",
                )
        if all(curve is None for curve in given.values()):
            raise bad_value(
                "learning_rate",
                None,
                "given, or `momentum` or `weight_decay`: there is no curve",
            )
        require_choice("unit", unit, _UNITS)
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.unit = unit

    @property
    def counts_on_one_update_per_batch(self):
        """Whether a curve is one of epochs, or tabulated for the `fit`."""
        given = (self.learning_rate, self.momentum, self.weight_decay)
        schedule = keras.optimizers.schedules.LearningRateSchedule
        return self.unit == "epoch" or any(
            curve is not None and not isinstance(curve, schedule)
            for curve in given
        )

    def curves(self, optimizer):
        """Returns the curves given, as functions of the update."""
        given = {
            "learning_rate": self.learning_rate,
            "momentum": self.momentum,
            "weight_decay": self.weight_decay,
        }
        per_update = self._epochs_per_update(optimizer)
        return {
            name: self._over_updates(name, curve, per_update)
            for name, curve in given.items()
            if curve is not None
        }

    def _over_updates(self, name, curve, per_update):
        if not isinstance(
            curve, keras.optimizers.schedules.LearningRateSchedule
        ):
            updates = self.updates_of_fit(f"a LearningRateSchedule for {name}")
            return table_curve(name, curve, updates, per_update)
        updates = None
        if self.length_is_known():
            updates = self.updates_of_fit(name)
        check_schedule(name, curve, updates, per_update)
        return schedule_curve(curve, per_update)

    def _epochs_per_update(self, optimizer):
        if self.unit == "update":
            return None
        steps = self.params.get("steps")
        if steps is None:
            raise bad_value(
                "unit",
                self.unit,
                '"update" where the data does not tell how many batches it has',
                "Or pass `steps_per_epoch` to `fit`.",
            )
        return anatomy.accumulation_steps(optimizer) / steps
