"""A schedule that counts in epochs, for an optimizer that counts steps."""

import keras

from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.kernels.argument_checks import require_string
from keras_trainkit.schedules import parts


@keras.saving.register_keras_serializable(package="keras_trainkit")
class ByEpoch(keras.optimizers.schedules.LearningRateSchedule):
    """Follows a schedule that is written in epochs.

    `rate(step) = schedule(step / steps_per_epoch)`, with fractions of epochs:
    decays change at every step, not in jumps. Inside `fit`,
    `callbacks.HyperparameterSchedule(unit="epoch")` does the same and takes
    the length of an epoch from `fit`.

    Args:
        schedule: A `LearningRateSchedule` of the epoch, or a number.
        steps_per_epoch: Number above 0, batches in an epoch.
        name: String, kept in the configuration. Defaults to `"ByEpoch"`.

    Raises:
        ValueError: When `steps_per_epoch` is not above 0.
        TypeError: For arguments of another type.

    Example:

    >>> decay = keras.optimizers.schedules.ExponentialDecay(1.0, 1, 0.5)
    >>> schedule = ktk.schedules.ByEpoch(decay, steps_per_epoch=10)
    >>> [round(float(schedule(step)), 4) for step in (0, 10, 20)]
    [1.0, 0.5, 0.25]
    """

    def __init__(self, schedule, steps_per_epoch, name="ByEpoch"):
        super().__init__()
        parts.check_part("schedule", schedule)
        require_number(
            "steps_per_epoch",
            steps_per_epoch,
            "a finite number above 0",
            lambda v: 0 < v < float("inf"),
        )
        require_string("name", name)
        self.schedule = schedule
        self.steps_per_epoch = steps_per_epoch
        self.name = name

    def __call__(self, step):
        """Returns the learning rate at `step`, an integer or a tensor."""
        step = keras.ops.convert_to_tensor(step)
        epochs = keras.ops.cast(step, keras.config.floatx())
        return parts.value_of(self.schedule, epochs / self.steps_per_epoch)

    def get_config(self):
        """Returns the constructor's arguments."""
        return {
            "schedule": parts.serialize(self.schedule),
            "steps_per_epoch": self.steps_per_epoch,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config):
        """Makes the schedule from `get_config`'s result."""
        schedule = parts.deserialize(config["schedule"])
        return cls(**{**config, "schedule": schedule})
