"""From what a user gives for a hyperparameter to its curve over updates.

A curve is a callable `(position, xp, dtype)`: on the host `xp` is `numpy` and
`position` an array of integers, inside a compiled step `xp` is `keras.ops` and
`position` an integer tensor.
"""

from functools import partial

import keras
import numpy as np

from keras_trainkit.kernels.argument_checks import bad_value


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


def table_curve(name, function, updates, epochs_per_update=None):
    """Returns the curve of a Python function, tabulated for the run.

    Args:
        name: The hyperparameter, for errors.
        function: Callable `float -> float`.
        updates: Length of the run; beyond it the last value holds.
        epochs_per_update: As for `schedule_curve`.
    """
    unit = 1 if epochs_per_update is None else epochs_per_update
    table = np.array([float(function(p * unit)) for p in range(updates)])
    if not (np.isfinite(table).all() and (table >= 0).all()):
        place = int(np.argmin(np.isfinite(table) & (table >= 0)))
        raise bad_value(
            name,
            function,
            "a function whose values are finite and at least 0",
            f"At position {place * unit:g} it returned {table[place]:g}.",
        )
    return partial(_of_table, table)


def _of_table(table, position, xp, dtype):
    place = xp.clip(position, 0, len(table) - 1)
    if xp is np:
        return table[place]
    return xp.take(xp.convert_to_tensor(table, dtype=dtype), place)


def _on_host(schedule, positions):
    if positions.ndim and positions.size > 2:
        values = _all_at_once(schedule, positions)
        if values is not None:
            return values
    one_by_one = [_scalar(schedule, p) for p in positions.reshape(-1)]
    return np.array(one_by_one).reshape(positions.shape)


def _all_at_once(schedule, positions):
    """Values of a schedule that works on arrays; `None` for any other."""
    try:
        values = schedule(keras.ops.convert_to_tensor(positions))
        values = np.asarray(keras.ops.convert_to_numpy(values), "float64")
    except Exception:
        # A schedule that branches (`ops.cond`) takes numbers only; what it
        # raises for an array is another type on each backend.
        return None
    if values.shape != positions.shape:
        return None
    probes = [0, positions.size // 2, -1]
    alone = [_scalar(schedule, positions[p]) for p in probes]
    return values if np.allclose(values[probes], alone, rtol=1e-5) else None


def _scalar(schedule, position):
    value = schedule(keras.ops.convert_to_tensor(position))
    return float(keras.ops.convert_to_numpy(value))
