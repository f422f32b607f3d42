"""Argument checks, and one wording for every refused argument."""

import sys
from numbers import Integral
from numbers import Real

import numpy as np


def bad_value(name, value, expected, hint=""):
    """Returns a `ValueError` that names what was expected and received.

    Args:
        name: The argument's name, as the user spells it.
        value: What was received.
        expected: What would have been accepted; completes the sentence
            "`name` must be ...".
        hint: What to do about it. Defaults to nothing.

    Returns:
        The exception, to be raised by the caller.

    Example:

    >>> from keras_trainkit.kernels.argument_checks import bad_value
    >>> bad_value("rate", 2, "a float in [0, 1]")
    ValueError('`rate` must be a float in [0, 1]. Received: rate=2')
    """
    return ValueError(_sentence(name, value, expected, hint))


def bad_type(name, value, expected, hint=""):
    """Returns a `TypeError` worded like `bad_value`."""
    received = f"{value!r} (of type {type(value).__name__})"
    return TypeError(_sentence(name, _Verbatim(received), expected, hint))


def require_number(name, value, expected, accept):
    """Raises unless `value` is a real number that `accept` returns true for.

    Args:
        name: The argument's name.
        value: What was received. Booleans are no numbers here.
        expected: What would have been accepted, in words.
        accept: Callable `number -> bool`. A NaN must be refused by it: write
            conditions that a NaN fails, such as `lambda v: v > 0`.
    """
    # NumPy scalars have no common base class with float but know their value;
    # an array with one element does, too, and is no number.
    scalar = not getattr(value, "ndim", 0)
    number = value.item() if scalar and hasattr(value, "item") else value
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise bad_type(name, value, expected)
    # What no float can hold fails later, in the arithmetic.
    too_large = isinstance(number, int) and abs(number) > sys.float_info.max
    if too_large or not accept(number):
        raise bad_value(name, value, expected)


def require_integer(name, value, least=None, most=None):
    """Raises unless `value` is an integer from `least` to `most`.

    Args:
        name: The argument's name.
        value: What was received. NumPy's integers are integers; Booleans and
            floats without a fraction are not.
        least: The smallest that is accepted. Defaults to `None`: any.
        most: The largest that is accepted. Defaults to `None`: any.
    """
    expected = "an integer"
    if least is not None and most is not None:
        expected += f" from {least} to {most}"
    elif least is not None:
        expected += f" of at least {least}"
    elif most is not None:
        expected += f" of at most {most}"
    if not is_integer(value):
        raise bad_type(name, value, expected)
    too_small = least is not None and value < least
    too_large = most is not None and value > most
    if too_small or too_large:
        raise bad_value(name, value, expected)


def is_integer(value):
    """Whether `value` is a Python or NumPy integer; Booleans are none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def require_choice(name, value, choices):
    """Raises unless `value` is one of `choices`, of the same type.

    Args:
        name: The argument's name.
        value: What was received. NumPy's integers and strings are integers
            and strings; `1` is not taken for `True`, nor an array for
            anything.
        choices: Tuple of strings, numbers, Booleans or `None`.
    """
    expected = "one of " + ", ".join(map(repr, choices))
    if isinstance(value, (np.integer, np.str_)):
        value = value.item()
    same = [one for one in choices if type(one) is type(value)]
    if not same:
        raise bad_type(name, value, expected)
    if value not in same:
        raise bad_value(name, value, expected)


def require_string(name, value):
    """Raises unless `value` is a string."""
    if not isinstance(value, str):
        raise bad_type(name, value, "a string")


def require_sequence(name, value, expected="a list or a tuple"):
    """Raises unless `value` is a list, a tuple, an array or the like.

    Args:
        name: The argument's name.
        value: What was received. Strings, dictionaries and sets are none.
        expected: What would have been accepted, in words.
    """
    # A `keras.Variable` has no length, but a shape.
    sized = hasattr(value, "__len__") or getattr(value, "shape", ())
    lies_in_order = (
        sized
        and hasattr(value, "__getitem__")
        and not isinstance(value, (str, bytes, dict, type))
    )
    if not lies_in_order or (isinstance(value, np.ndarray) and not value.ndim):
        raise bad_type(name, value, expected)


def require_numbers(name, values, expected="a sequence of numbers"):
    """Raises unless `values` can be read as real numbers.

    Args:
        name: The argument's name.
        values: A sequence, or an array of any shape. NaN is a number here, and
            so are Booleans, as for a `sample_weight` of Keras.
        expected: What would have been accepted, in words.

    Returns:
        float64 array.
    """
    require_sequence(name, values, expected)
    try:
        found = np.asarray(values)
    except ValueError:
        found = np.asarray(None)
    # NumPy has no bfloat16 of its own.
    real = found.dtype.kind in "biuf" or found.dtype.name == "bfloat16"
    if found.dtype.kind == "O":
        real = all(isinstance(one, Real) for one in found.flat)
    if not real and found.size:
        raise bad_type(name, values, expected)
    return found.astype("float64")


def read_by(read, name, value, expected):
    """Returns `read(value)`; what it raises names the argument.

    Args:
        read: Callable, such as `keras.losses.get`.
        name: The argument's name.
        value: What was received.
        expected: What would have been accepted, in words.
    """
    try:
        return read(value)
    except TypeError as error:
        raise bad_type(name, value, expected, str(error)) from error
    except (KeyError, ValueError) as error:
        raise bad_value(name, value, expected, str(error)) from error


def _sentence(name, value, expected, hint):
    # Several arguments at once have quotes between them.
    plain = name.replace("`", "")
    text = f"`{name}` must be {expected}. Received: {plain}={value!r}"
    return f"{text}. {hint}" if hint else text


class _Verbatim(str):
    def __repr__(self):
        return str(self)
