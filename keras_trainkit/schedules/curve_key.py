"""What a compiled step bakes in of a curve, as something to compare."""

import types
from functools import partial

import keras
import numpy as np

_NUMBERS = (bool, int, float, complex, str, bytes, type(None), np.generic)
# Code that is not changed while a program runs.
_FIXED = ("keras.", "keras_trainkit.", "numpy.", "math.", "builtins.")


class Unknown(Exception):
    """Something that may change without a way to see it."""


def curve_key(curve):
    """Returns a key that two curves share only if they compute the same.

    Looked at are the numbers that a curve was made with, the attributes of
    schedules, and for functions and schedules of a user's own the code, what
    it encloses, and the globals that it names.

    Args:
        curve: A curve, see `schedules.curves`.

    Returns:
        A hashable object; `None` where something in the curve cannot be
        compared, such as a variable.
    """
    try:
        return _key(curve, ())
    except Unknown:
        return None


def _key(value, above):
    """Returns the key of anything; `above` are the things that hold it."""
    if isinstance(value, _NUMBERS):
        # 1, 1.0 and True are equal; -0.0 and 0.0, too.
        return type(value).__name__, repr(value)
    if id(value) in above:
        return "above", above.index(id(value))
    above = (*above, id(value))
    for kinds, key in _KEYS.items():
        if isinstance(value, kinds):
            return kinds, key(value, above)
    raise Unknown


def _itself(value, above):
    return value


def _of_array(array, above):
    if array.dtype.hasobject:
        raise Unknown
    return array.dtype.str, array.shape, array.tobytes()


def _of_sequence(values, above):
    return type(values), tuple(_key(value, above) for value in values)


def _of_dict(values, above):
    return tuple((_key(k, above), _key(v, above)) for k, v in values.items())


def _of_partial(one, above):
    parts = (one.func, one.args, one.keywords)
    return tuple(_key(part, above) for part in parts)


def _of_method(method, above):
    return _key(method.__func__, above), _key(method.__self__, above)


def _of_function(function, above):
    if _is_fixed(function):
        return function
    code = function.__code__
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    held = (function.__defaults__, function.__kwdefaults__, cells)
    return (
        code,
        tuple(_key(one, above) for one in held),
        _of_globals(code, function.__globals__, above),
    )


def _of_globals(code, names, above):
    """Returns the key of all that code names of its module."""
    found = tuple(
        (name, _of_global(names[name], code, above))
        for name in code.co_names
        if name in names
    )
    inner = (one for one in code.co_consts if isinstance(one, types.CodeType))
    return found, tuple(_of_globals(one, names, above) for one in inner)


def _of_global(value, code, above):
    if not isinstance(value, types.ModuleType):
        return _key(value, above)
    if f"{value.__name__}.".startswith(_FIXED):
        return value
    held = vars(value)
    return value, tuple(
        _key(held[name], above) for name in code.co_names if name in held
    )


def _of_class(kind, above):
    if _is_fixed(kind):
        return kind
    functions = (
        function
        for base in kind.__mro__
        if not _is_fixed(base)
        for function in vars(base).values()
        if isinstance(function, types.FunctionType)
    )
    return kind, tuple(_key(function, above) for function in functions)


def _of_schedule(schedule, above):
    return _of_class(type(schedule), above), _of_dict(vars(schedule), above)


def _is_fixed(one):
    return f"{one.__module__}.".startswith(_FIXED)


_KEYS = {
    np.ndarray: _of_array,
    (list, tuple): _of_sequence,
    dict: _of_dict,
    partial: _of_partial,
    types.MethodType: _of_method,
    types.FunctionType: _of_function,
    (types.BuiltinFunctionType, np.ufunc): _itself,
    type: _of_class,
    keras.optimizers.schedules.LearningRateSchedule: _of_schedule,
    # Whoever compiles a step compares the optimizer itself.
    keras.optimizers.Optimizer: _itself,
}
