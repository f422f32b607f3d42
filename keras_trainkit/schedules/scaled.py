"""Another schedule times a constant."""

import keras
import numpy as np

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.kernels.argument_checks import require_string

_KERAS = keras.optimizers.schedules
# Which arguments are learning rates; all others are shares of these, numbers
# of steps or exponents (keras/src/optimizers/schedules/
# learning_rate_schedule.py).
_RATES = {
    _KERAS.CosineDecay: ("initial_learning_rate", "warmup_target"),
    _KERAS.CosineDecayRestarts: ("initial_learning_rate",),
    _KERAS.ExponentialDecay: ("initial_learning_rate",),
    _KERAS.InverseTimeDecay: ("initial_learning_rate",),
    _KERAS.PiecewiseConstantDecay: ("values",),
    _KERAS.PolynomialDecay: ("initial_learning_rate", "end_learning_rate"),
}


@keras.saving.register_keras_serializable(package="keras_trainkit")
class Scaled(keras.optimizers.schedules.LearningRateSchedule):
    """A learning-rate schedule multiplied by a constant factor.

    `rate(step) = factor * schedule(step)`. Use it around a schedule of your
    own. A schedule of Keras's needs no wrapper: multiply its learning rates
    instead, and a saved model loads without this package.

    `callbacks.FineTuning` multiplies the schedule that an optimizer was
    compiled with, so that the lower learning rate of the last stage is saved
    with the model. It does so through the arguments of Keras's schedules, and
    with this class around any other.

    Args:
        schedule: A `keras.optimizers.schedules.LearningRateSchedule`.
        factor: Finite float above 0.
        name: String, kept in the configuration. Defaults to `"Scaled"`.

    Raises:
        TypeError: When `schedule` is no schedule, or `name` no string.
        ValueError: When `factor` is not positive and finite.

    Example:

    >>> decay = keras.optimizers.schedules.PolynomialDecay(1.0, 10, 0.0)
    >>> round(float(ktk.schedules.Scaled(decay, factor=0.1)(5)), 4)
    0.05
    """

    def __init__(self, schedule, factor, name="Scaled"):
        super().__init__()
        if not isinstance(schedule, _KERAS.LearningRateSchedule):
            raise bad_type("schedule", schedule, "a LearningRateSchedule")
        require_number(
            "factor",
            factor,
            "a finite number above 0",
            lambda v: 0 < v < float("inf"),
        )
        require_string("name", name)
        self.schedule = schedule
        self.factor = factor
        self.name = name

    def __call__(self, step):
        """Returns `factor * schedule(step)`."""
        return keras.ops.multiply(self.schedule(step), self.factor)

    def get_config(self):
        """Returns the constructor's arguments."""
        schedule = keras.saving.serialize_keras_object(self.schedule)
        return {
            "schedule": schedule,
            "factor": self.factor,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config):
        """Makes the schedule from `get_config`'s result."""
        schedule = keras.saving.deserialize_keras_object(config["schedule"])
        return cls(**{**config, "schedule": schedule})


def scaled_schedule(schedule, factor):
    """Returns a schedule with `factor` times the learning rates of another.

    Of one of Keras's own schedules it is another of the same class, so that a
    file that holds it can be loaded without this package. Of any other, a
    subclass of those included, it is a `Scaled`.

    Args:
        schedule: A `LearningRateSchedule`; it is not changed. Of a `Scaled`
            the factors are multiplied.
        factor: Finite float above 0. With 1 the schedule itself is returned.

    Returns:
        A `LearningRateSchedule`.

    Example:

    >>> from keras_trainkit.schedules.scaled import scaled_schedule
    >>> decay = keras.optimizers.schedules.CosineDecay(0.5, 10)
    >>> scaled_schedule(decay, 0.1).initial_learning_rate
    0.05
    """
    if type(schedule) is Scaled:
        return scaled_schedule(schedule.schedule, schedule.factor * factor)
    if factor == 1:
        return schedule
    names = _RATES.get(type(schedule), ())
    config = schedule.get_config() if names else {}
    if not names or not _is_float(config[names[0]]):
        return Scaled(schedule, factor)
    scaled = {name: _times(factor, config[name]) for name in names}
    return type(schedule).from_config({**config, **scaled})


def _is_float(rates):
    # The first learning rate gives a schedule of Keras's its dtype: one that
    # is an integer would compute otherwise as a float.
    first = rates[0] if isinstance(rates, (list, tuple)) else rates
    return isinstance(first, (float, np.floating))


def _times(factor, rates):
    if isinstance(rates, (list, tuple)):
        return [factor * rate for rate in rates]
    return None if rates is None else factor * rates
