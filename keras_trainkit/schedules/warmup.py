"""A linear warm-up before any schedule."""

import keras

from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.kernels.argument_checks import require_string
from keras_trainkit.schedules import parts


@keras.saving.register_keras_serializable(package="keras_trainkit")
class Warmup(keras.optimizers.schedules.LearningRateSchedule):
    """Raises the learning rate linearly, then follows another schedule.

    Large rates at random initial weights, or with Adam's still empty second
    moments, can spoil a run in its first steps; a warm-up avoids it. With
    `n = warmup_steps`, `s = start_factor` and another schedule `f`:

    ```
    rate(step) = f(0) * (s + (1 - s) * step / n)    for step < n
    rate(step) = f(step - n)                        from step n on
    ```

    as torch's `SequentialLR` of `LinearLR` and `f`. For a cosine decay after
    the warm-up `keras.optimizers.schedules.CosineDecay` alone is enough: it
    has `warmup_target` and `warmup_steps`.

    Args:
        schedule: A `LearningRateSchedule`, or a number for a constant rate.
        warmup_steps: Integer above 0, length of the warm-up.
        start_factor: Float in `[0, 1]`, share of the rate at step 0. Defaults
            to `0.1`.
        name: String, kept in the configuration. Defaults to `"Warmup"`.

    Raises:
        ValueError: For values out of range.
        TypeError: For arguments of another type.

    Example:

    >>> schedule = ktk.schedules.Warmup(0.5, warmup_steps=4, start_factor=0.5)
    >>> [round(float(schedule(step)), 4) for step in (0, 2, 4, 100)]
    [0.25, 0.375, 0.5, 0.5]

    Reference:

    - [Goyal et al., 2017](https://arxiv.org/abs/1706.02677)
    """

    def __init__(self, schedule, warmup_steps, start_factor=0.1, name="Warmup"):
        super().__init__()
        parts.check_part("schedule", schedule)
        require_integer("warmup_steps", warmup_steps, 1)
        require_number(
            "start_factor",
            start_factor,
            "a number from 0 to 1",
            lambda v: 0 <= v <= 1,
        )
        require_string("name", name)
        self.schedule = schedule
        self.warmup_steps = warmup_steps
        self.start_factor = start_factor
        self.name = name

    def __call__(self, step):
        """Returns the learning rate at `step`, an integer or a tensor."""
        # TensorFlow does not subtract NumPy's integers from a tensor's.
        n = int(self.warmup_steps)
        step = keras.ops.convert_to_tensor(step)
        # One value serves both: the schedule stands at its start until n.
        rate = parts.value_of(self.schedule, keras.ops.maximum(step - n, 0))
        done = keras.ops.minimum(keras.ops.cast(step, rate.dtype), n) / n
        return rate * (self.start_factor + (1 - self.start_factor) * done)

    def get_config(self):
        """Returns the constructor's arguments."""
        return {
            "schedule": parts.serialize(self.schedule),
            "warmup_steps": self.warmup_steps,
            "start_factor": self.start_factor,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config):
        """Makes the schedule from `get_config`'s result."""
        schedule = parts.deserialize(config["schedule"])
        return cls(**{**config, "schedule": schedule})
