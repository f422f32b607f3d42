"""One wording for every refused argument."""


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

    >>> from keras_trainkit.kernels.errors import bad_value
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
    # NumPy scalars have no common base class with float but know their value.
    number = getattr(value, "item", lambda: value)()
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise bad_type(name, value, expected)
    if not accept(number):
        raise bad_value(name, value, expected)


def _sentence(name, value, expected, hint):
    text = f"`{name}` must be {expected}. Received: {name}={value!r}"
    return f"{text}. {hint}" if hint else text


class _Verbatim(str):
    def __repr__(self):
        return str(self)
