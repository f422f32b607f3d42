"""The learning rate as a `fit` finds it, for one who only multiplies it."""

import keras
import numpy as np

from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.schedules.curves import schedule_curve


class FoundRate:
    """A curve for `Claim`: a plain learning rate, or the compiled schedule.

    It is no curve of a callback's own, so `Control` lets one that has a curve
    take its place.

    Args:
        optimizer: Innermost optimizer.
        rate: Its plain learning rate; with a schedule it is not used.

    Raises:
        ValueError: When the learning rate is a callable but no schedule.
    """

    def __init__(self, optimizer, rate):
        anatomy.check_scalable(optimizer)
        self._optimizer = optimizer
        self._rate = rate
        self._schedule = anatomy.compiled_schedule(optimizer)

    @property
    def constant(self):
        """Whether it is a plain learning rate, which has a variable."""
        return self._schedule is None

    @property
    def attribute(self):
        """Where the optimizer keeps it, if it is no variable.

        keras/src/optimizers/base_optimizer.py
        """
        return None if self.constant else "_learning_rate"

    def __call__(self, position, xp, dtype):
        """Returns the learning rate of the optimizer's updates.

        Args:
            position: Updates since the optimizer was made: Keras knows no
                other origin for a compiled schedule.
            xp: `numpy` or `keras.ops`.
            dtype: Of the result.
        """
        if self.constant:
            return self._rate
        if xp is np:
            # Keras counts batches; the last one of an update makes it.
            steps = anatomy.accumulation_steps(self._optimizer)
            batches = np.asarray(position) * steps + steps - 1
            return schedule_curve(self._schedule)(batches, np, dtype)
        batches = anatomy.batches_seen(self._optimizer)
        return keras.ops.cast(self._schedule(batches), dtype)
