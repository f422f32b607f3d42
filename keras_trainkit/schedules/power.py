"""Power scheduling."""

import keras

from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.kernels.argument_checks import require_string


@keras.saving.register_keras_serializable(package="keras_trainkit")
class Power(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that falls as a power of the step.

    ```
    rate(step) = initial / (1 + step / steps) ** power
    ```

    After `steps` steps the rate is `initial / 2 ** power`; it falls fast at
    first and ever more slowly, and never reaches 0. With `power=1` it is
    `keras.optimizers.schedules.InverseTimeDecay(initial, steps, 1.0)`, which
    needs no package; Keras has no other exponent. `power=0.5` is the
    `1 / sqrt(t)` of the theory of stochastic gradient descent, and of long
    runs whose end is not known.

    Args:
        initial: Finite float of at least 0, the rate at step 0.
        steps: Number above 0: the rate at this step is the first one over
            `2 ** power`.
        power: Finite float above 0, the exponent. Defaults to `1.0`.
        name: String, kept in the configuration. Defaults to `"Power"`.

    Raises:
        ValueError: For values out of range.
        TypeError: For arguments of another type.

    Example:

    >>> schedule = ktk.schedules.Power(0.1, steps=100, power=0.5)
    >>> [round(float(schedule(step)), 4) for step in (0, 100, 300)]
    [0.1, 0.0707, 0.05]

    Reference:

    - [Robbins and Monro, 1951](https://doi.org/10.1214/aoms/1177729586)
    """

    def __init__(self, initial, steps, power=1.0, name="Power"):
        super().__init__()
        require_number(
            "initial",
            initial,
            "a finite number of at least 0",
            lambda v: 0 <= v < float("inf"),
        )
        for argument, value in (("steps", steps), ("power", power)):
            require_number(
                argument,
                value,
                "a finite number above 0",
                lambda v: 0 < v < float("inf"),
            )
        require_string("name", name)
        self.initial = initial
        self.steps = steps
        self.power = power
        self.name = name

    def __call__(self, step):
        """Returns the learning rate at `step`, an integer or a tensor."""
        # As Keras's schedules, which compute in the dtype of a float.
        dtype = keras.config.floatx()
        done = keras.ops.cast(step, dtype) / float(self.steps)
        factor = keras.ops.power(1 + done, -float(self.power))
        return keras.ops.multiply(factor, float(self.initial))

    def get_config(self):
        """Returns the constructor's arguments."""
        return {
            "initial": self.initial,
            "steps": self.steps,
            "power": self.power,
            "name": self.name,
        }
