"""A learning rate to multiply and to describe, wherever it comes from."""

from functools import partial

import keras
import numpy as np

from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.schedules.curves import schedule_curve
from keras_trainkit.schedules.scaled import Scaled
from keras_trainkit.schedules.scaled import scaled_schedule
from keras_trainkit.scheduling.active_fit import active_fit

_RATE = "learning_rate"


class LearningRate:
    """The learning rate of one `fit`, for one who only multiplies it.

    It may be a plain number, a schedule given to `compile`, or the curve of a
    callback in the same `fit`. What is multiplied for good stays when the
    `fit` ends, a curve excepted, which begins at its own height in every
    `fit`; there the rate that the curve's owner gives back is multiplied.

    Args:
        model: A compiled `keras.Model` in the `fit` that begins.
        name: Whose factor it is; unique in the `fit`.

    Raises:
        ValueError: When the learning rate is a callable but no schedule.
    """

    def __init__(self, model, name):
        check_scalable(anatomy.innermost(model.optimizer))
        self._model = model
        self._name = name
        self._factor = 1.0
        self._listed_before = self._run()

    def begin(self, factor):
        """Begins where the rate has been multiplied by `factor` before.

        What was found has been multiplied already; a curve has not.
        """
        run = self._run()
        if run is not None and not run.claims[_RATE].found:
            self._set(run, factor)

    def scale(self, factor):
        """Multiplies the rate for good."""
        run = self._run()
        if run is None:
            scale_learning_rate(self._optimizer(), factor)
        else:
            run.optimizer.scale_base(lambda rate: scaled(rate, factor))
            self._set(run, self._factor * factor)

    def restore(self, factor):
        """Puts back what a backup does not hold, after it was loaded.

        It holds the plain rate as it was, so already multiplied by `factor`;
        but no schedule, no curve, and not the rate behind a curve.
        """
        run = self._run()
        optimizer = self._optimizer()
        if run is not None:
            run.optimizer.scale_base(lambda rate: scaled(rate, factor))
            self._set(run, factor)
        elif anatomy.compiled_schedule(optimizer) is not None:
            scale_learning_rate(optimizer, factor)
        elif self._listed_before is not None:
            # No epoch was left, and the curve's owner has given it back.
            optimizer.learning_rate = scaled(
                self._listed_before.optimizer.base_rate, factor
            )

    def set_factor(self, factor):
        """Multiplies the rate until it is called again or the `fit` ends.

        Only where a callback has the rate, be it as it was found.
        """
        self._set(self._run(), factor)

    def is_compiled(self):
        """Whether a step has the rate as a constant, as of a schedule."""
        return anatomy.compiled_schedule(self._optimizer()) is not None

    def in_words(self):
        """Returns the rate as it is now, in words."""
        run = self._run()
        claim = run and run.claims[_RATE]
        if claim and not claim.found:
            return f"{claim.factor:g} x {claim.owner}'s"
        return describe_learning_rate(self._optimizer())

    def _set(self, run, factor):
        self._factor = factor
        run.set_factor(_RATE, self._name, factor)

    def _run(self):
        run = active_fit(self._model)
        return run if run is not None and _RATE in run.claims else None

    def _optimizer(self):
        return anatomy.innermost(self._model.optimizer)


def found_rate(optimizer, rate):
    """Returns the learning rate that a `fit` finds, as a curve.

    Its positions are the updates since the optimizer was made: Keras knows no
    other origin for a compiled schedule.

    Args:
        optimizer: Innermost optimizer.
        rate: Its plain learning rate; with a schedule it is not used.

    Raises:
        ValueError: When the learning rate is a callable but no schedule.
    """
    check_scalable(optimizer)
    schedule = anatomy.compiled_schedule(optimizer)
    if schedule is None:
        return partial(_constant, rate)
    return partial(_of_batches, optimizer, schedule)


def _constant(rate, position, xp, dtype):
    return rate


def _of_batches(optimizer, schedule, position, xp, dtype):
    if xp is np:
        # Keras counts batches; the last one of an update makes it.
        steps = anatomy.accumulation_steps(optimizer)
        batches = np.asarray(position) * steps + steps - 1
        return schedule_curve(schedule)(batches, np, dtype)
    batches = anatomy.batches_seen(optimizer)
    return keras.ops.cast(schedule(batches), dtype)


def scaled(rate, factor):
    """Returns a plain rate or a schedule, multiplied."""
    if factor == 1:
        return rate
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        return scaled_schedule(rate, factor)
    return rate * factor


def scale_learning_rate(optimizer, factor):
    """Multiplies an optimizer's learning rate for good.

    Args:
        optimizer: Innermost optimizer.
        factor: Positive float.

    Raises:
        ValueError: When the learning rate is a callable but no schedule.
    """
    check_scalable(optimizer)
    rate = anatomy.compiled_schedule(optimizer)
    if rate is None:
        rate = anatomy.plain_learning_rate(optimizer)
    optimizer.learning_rate = scaled(rate, factor)


def check_scalable(optimizer):
    """Raises when the learning rate is a callable but no schedule."""
    schedule = anatomy.compiled_schedule(optimizer)
    base = keras.optimizers.schedules.LearningRateSchedule
    if schedule is not None and not isinstance(schedule, base):
        raise bad_value(
            "optimizer.learning_rate",
            schedule,
            "a number or a LearningRateSchedule",
            "A plain callable cannot be multiplied and saved.",
        )


def describe_learning_rate(optimizer):
    """Returns an optimizer's learning rate in words."""
    rate = anatomy.plain_learning_rate(optimizer)
    if rate is not None:
        return f"{rate:g}"
    schedule = anatomy.compiled_schedule(optimizer)
    name = type(schedule).__name__
    if isinstance(schedule, Scaled):
        name = f"{schedule.factor:g} x {type(schedule.schedule).__name__}"
    batches = anatomy.batches_seen_so_far(optimizer)
    now = schedule(keras.ops.convert_to_tensor(batches))
    return f"{keras.ops.convert_to_numpy(now).item():g} now, by {name}"
