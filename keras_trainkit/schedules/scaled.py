"""Another schedule times a constant."""

import keras

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import require_number


@keras.saving.register_keras_serializable(package="keras_trainkit")
class Scaled(keras.optimizers.schedules.LearningRateSchedule):
    """A learning-rate schedule multiplied by a constant factor.

    `rate(step) = factor * schedule(step)`. `callbacks.FineTuning` leaves it
    in an optimizer that was compiled with a schedule: the lower learning rate
    of the last stage then survives saving.

    Args:
        schedule: A `keras.optimizers.schedules.LearningRateSchedule`.
        factor: Finite float above 0.

    Raises:
        TypeError: When `schedule` is no schedule.
        ValueError: When `factor` is not positive and finite.

    Example:

    >>> decay = keras.optimizers.schedules.PolynomialDecay(1.0, 10, 0.0)
    >>> round(float(ktk.schedules.Scaled(decay, factor=0.1)(5)), 4)
    0.05
    """

    def __init__(self, schedule, factor, name="Scaled"):
        super().__init__()
        if not isinstance(
            schedule, keras.optimizers.schedules.LearningRateSchedule
        ):
            raise bad_type("schedule", schedule, "a LearningRateSchedule")
        require_number(
            "factor",
            factor,
            "a finite number above 0",
            lambda v: 0 < v < float("inf"),
        )
        self.schedule = schedule
        self.factor = factor
        self.name = name

    def __call__(self, step):
        """Returns `factor * schedule(step)`."""
        return self.schedule(step) * self.factor

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
