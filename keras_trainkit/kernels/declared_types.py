"""The fields of a dataclass are of the types that it declares."""

import dataclasses
import types

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import is_integer


def require_declared_types(instance):
    """Raises where a field of a dataclass has a value of another type.

    NumPy's numbers are numbers; Booleans are none.

    Args:
        instance: Of a dataclass whose annotations are types, or unions such
            as `float | None`. To be called in `__post_init__`.

    Raises:
        TypeError: For the first such field.

    Example:

    >>> import dataclasses
    >>> from keras_trainkit.kernels import declared_types
    >>> @dataclasses.dataclass
    ... class Point:
    ...     x: float
    ...     name: str | None = None
    ...
    ...     def __post_init__(self):
    ...         declared_types.require_declared_types(self)
    >>> Point(1)
    Point(x=1, name=None)
    >>> Point("1")
    Traceback (most recent call last):
    ...
    TypeError: `x` must be a float. Received: x='1' (of type str)
    """
    for field in dataclasses.fields(instance):
        value = getattr(instance, field.name)
        union = isinstance(field.type, types.UnionType)
        declared = field.type.__args__ if union else (field.type,)
        if not any(_is_a(value, one) for one in declared):
            raise bad_type(field.name, value, _in_words(declared))


def _is_a(value, declared):
    if declared is int:
        return is_integer(value)
    if declared is float:
        scalar = not getattr(value, "ndim", 0)
        number = value.item() if scalar and hasattr(value, "item") else value
        return isinstance(number, float) or is_integer(number)
    try:
        return isinstance(value, declared)
    except TypeError:  # No class: a subclass may declare a `list[str]`.
        return True


def _in_words(declared):
    return " or ".join(map(_named, declared))


def _named(one):
    if one is types.NoneType:
        return "None"
    article = "an" if one.__name__[0] in "aeiou" else "a"
    return f"{article} {one.__name__}"
