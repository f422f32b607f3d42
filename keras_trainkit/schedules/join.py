"""Schedules one after the other."""

import keras

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_string
from keras_trainkit.schedules import parts as rules


@keras.saving.register_keras_serializable(package="keras_trainkit")
class Join(keras.optimizers.schedules.LearningRateSchedule):
    """Follows several schedules in turn, each from its own step 0.

    With lengths `n_1, n_2, ...` and schedules `f_1, f_2, ...`:

    ```
    rate(step) = f_k(step - (n_1 + ... + n_(k-1)))
    ```

    in part `k`; the last part goes on after its length. As torch's
    `SequentialLR`.

    Args:
        parts: List of pairs `(steps, schedule)`: how many steps the part
            lasts, an integer above 0 (`None` is allowed in the last pair),
            and a `LearningRateSchedule` or a number.
        name: String, kept in the configuration. Defaults to `"Join"`.

    Raises:
        ValueError: For an empty list or lengths out of range.
        TypeError: For parts, or a name, of another type.

    Example:

    >>> decay = keras.optimizers.schedules.PolynomialDecay(1.0, 10, 0.0)
    >>> schedule = ktk.schedules.Join([(5, 0.25), (10, decay)])
    >>> [round(float(schedule(step)), 4) for step in (0, 4, 5, 10, 15, 99)]
    [0.25, 0.25, 1.0, 0.5, 0.0, 0.0]
    """

    def __init__(self, parts, name="Join"):
        super().__init__()
        _check(parts)
        require_string("name", name)
        self.parts = parts
        self.name = name

    def __call__(self, step):
        """Returns the learning rate at `step`, an integer or a tensor."""
        step = keras.ops.convert_to_tensor(step)
        begin, rate = 0, None
        for length, part in self.parts:
            here = rules.value_of(part, keras.ops.maximum(step - begin, 0))
            if rate is None:
                rate = here
            else:
                here = keras.ops.cast(here, rate.dtype)
                rate = keras.ops.where(step < begin, rate, here)
            begin += int(length or 0)
        return rate

    def get_config(self):
        """Returns the constructor's arguments."""
        parts = [[steps, rules.serialize(part)] for steps, part in self.parts]
        return {"parts": parts, "name": self.name}

    @classmethod
    def from_config(cls, config):
        """Makes the schedule from `get_config`'s result."""
        parts = [
            (steps, rules.deserialize(part)) for steps, part in config["parts"]
        ]
        return cls(**{**config, "parts": parts})


def _check(parts):
    pairs = "a list of pairs (steps, schedule)"
    if not isinstance(parts, (list, tuple)):
        raise bad_type("parts", parts, pairs)
    if not parts:
        raise bad_value("parts", parts, f"{pairs} with a pair in it")
    for place, pair in enumerate(parts):
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise bad_type("parts", parts, pairs)
        steps, part = pair
        name = f"parts[{place}][0]"
        if steps is not None:
            require_integer(name, steps, 1)
        elif place < len(parts) - 1:
            raise bad_type(name, None, "an integer: only the last may be None")
        rules.check_part(f"parts[{place}][1]", part)
