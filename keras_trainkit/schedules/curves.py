"""From what a user gives for a hyperparameter to its curve over updates.

A curve is a callable `(position, xp, dtype)`: on the host `xp` is `numpy` and
`position` an array of integers, inside a compiled step `xp` is `keras.ops` and
`position` an integer tensor.
"""

import math
from functools import partial

import keras
import numpy as np

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value

# A schedule that takes no arrays is asked one position at a time, which takes
# about a millisecond: too long to ask for all of a long run before it begins.
_MOST_ASKED = 100


def schedule_curve(schedule, epochs_per_update=None):
    """Returns the curve of a Keras schedule.

    Args:
        schedule: A `LearningRateSchedule`.
        epochs_per_update: Float; the schedule is then one of fractional
            epochs. Defaults to `None`: it counts updates.
    """
    return partial(_of_schedule, schedule, epochs_per_update)


def _of_schedule(schedule, epochs_per_update, position, xp, dtype):
    if xp is np:
        positions = np.asarray(position)
        if epochs_per_update is not None:
            positions = positions * epochs_per_update
        return _on_host(schedule, positions)
    if epochs_per_update is not None:
        position = keras.ops.cast(position, dtype) * epochs_per_update
    return keras.ops.cast(schedule(position), dtype)


def check_schedule(name, schedule, updates, epochs_per_update=None):
    """Raises unless the values of a schedule suit a hyperparameter.

    A schedule that takes arrays is checked at every update, any other at up
    to a hundred, the first and the last among them.

    Args:
        name: `"learning_rate"`, `"momentum"` or `"weight_decay"`.
        schedule: A `LearningRateSchedule`.
        updates: Length of the run; `None` if unknown: only the beginning is
            checked then.
        epochs_per_update: As for `schedule_curve`.
    """
    unit = 1 if epochs_per_update is None else epochs_per_update
    positions = np.arange(updates or 1) * unit
    values = _all_at_once(schedule, positions)
    if values is None:
        asked = np.linspace(0, len(positions) - 1, _MOST_ASKED).round()
        for position in positions[np.unique(asked).astype(int)]:
            _checked(name, schedule, position, _ask(schedule, position))
        return
    fits = (values >= 0) & (values < _top(name))
    if not fits.all():
        place = np.argmin(fits)
        _checked(name, schedule, positions[place], values[place])


def table_curve(name, function, updates, epochs_per_update=None):
    """Returns the curve of a Python function, tabulated for the run.

    Args:
        name: `"learning_rate"`, `"momentum"` or `"weight_decay"`.
        function: Callable `float -> float`.
        updates: Length of the run; beyond it the last value holds.
        epochs_per_update: As for `schedule_curve`.

    Raises:
        TypeError: When a value is no number.
        ValueError: When a value does not suit the hyperparameter.
    """
    unit = 1 if epochs_per_update is None else epochs_per_update
    positions = [update * unit for update in range(updates)]
    table = [_checked(name, function, p, function(p)) for p in positions]
    return partial(_of_table, np.array(table))


def _checked(name, curve, position, value):
    """Returns a curve's value as a float, if it suits the hyperparameter."""
    below = "below 1" if name == "momentum" else "finite"
    expected = f"a curve whose values are numbers of at least 0 and {below}"
    number = _as_float(value)
    if number is None:
        kind = type(value).__name__
        found = f"At position {position:g} it is {value!r} (of type {kind})."
        raise bad_type(name, curve, expected, found)
    if not 0 <= number < _top(name):
        found = f"At position {position:g} it is {number:g}."
        raise bad_value(name, curve, expected, found)
    return number


def _top(name):
    return 1 if name == "momentum" else math.inf


def _as_float(value):
    """Returns a number or a scalar tensor as a float, `None` for any other."""
    if keras.ops.is_tensor(value) or isinstance(value, keras.Variable):
        value = keras.ops.convert_to_numpy(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    # The kind of bfloat16 is V.
    if getattr(value, "shape", None) == () and value.dtype.kind in "iufV":
        return float(value)
    return None


def _of_table(table, position, xp, dtype):
    place = xp.clip(position, 0, len(table) - 1)
    if xp is np:
        return table[place]
    return xp.take(xp.convert_to_tensor(table, dtype=dtype), place)


def _on_host(schedule, positions):
    values = _all_at_once(schedule, positions)
    if values is not None:
        return values
    one_by_one = [_at(schedule, p) for p in positions.reshape(-1)]
    return np.array(one_by_one).reshape(positions.shape)


def _all_at_once(schedule, positions):
    """Values of a schedule that works on arrays; `None` for any other."""
    if positions.size <= 2:
        return None
    probes = [0, positions.size // 2, -1]
    alone = None
    for ask in (schedule, partial(keras.ops.vectorized_map, schedule)):
        try:
            values = ask(keras.ops.convert_to_tensor(positions))
            values = np.asarray(keras.ops.convert_to_numpy(values), "float64")
        except Exception:
            # A schedule that branches (`ops.cond`) takes no arrays, on torch
            # not even mapped; what it raises differs between the backends.
            continue
        if values.shape != positions.shape:
            continue
        alone = alone or [_at(schedule, positions[p]) for p in probes]
        if np.allclose(values[probes], alone, rtol=1e-5, equal_nan=True):
            return values
    return None


def _at(schedule, position):
    value = keras.ops.convert_to_numpy(_ask(schedule, position))
    return float(value)


def _ask(schedule, position):
    return schedule(keras.ops.convert_to_tensor(position))
