"""Old names that still work: of functions, classes, arguments, attributes."""

import functools
import inspect

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.deprecation.notice import Deprecation


def deprecated(what, *, since, removed_in, replacement):
    """Returns a decorator for a function that will be removed.

    Args:
        what: String. What the user calls it.
        since: String. The first version that warns.
        removed_in: String. The first version without it.
        replacement: String. What to write instead.

    Raises:
        ValueError: As `Deprecation`.

    Example:

    >>> import warnings
    >>> from keras_trainkit.kernels.deprecation.renamed import deprecated
    >>> @deprecated("`twice(x)`", since="0.2", removed_in="0.4",
    ...             replacement="`2 * x`")
    ... def twice(x):
    ...     return 2 * x
    >>> with warnings.catch_warnings(record=True) as seen:
    ...     warnings.simplefilter("always")
    ...     twice(3), str(seen[0].message)[:24]
    (6, '`twice(x)` is deprecated')
    """
    notice = Deprecation(what, since, removed_in, replacement)

    def decorate(function):
        @functools.wraps(function)
        def warning(*args, **kwargs):
            notice.warn()
            return function(*args, **kwargs)

        return warning

    return decorate


def renamed_function(old, new, *, folder, since, removed_in):
    """Returns a function that stands for another one under its old name.

    Args:
        old: String. The old name.
        new: The function.
        folder: String. The public folder of both, such as `"transfer"`.
        since: String. The first version that warns.
        removed_in: String. The first version without the old name.

    Raises:
        ValueError: As `Deprecation`.
    """
    decorate = deprecated(
        f"`{folder}.{old}`",
        since=since,
        removed_in=removed_in,
        replacement=f"`{folder}.{new.__name__}`",
    )
    function = decorate(new)
    function.__name__ = function.__qualname__ = old
    return function


def renamed_class(old, new, *, folder, since, removed_in):
    """Returns a class that stands for another one under its old name.

    Calling it warns and makes an instance of the new class. Instances of that
    are instances of it, and a class that derives from it warns once. Where
    saved models have the old name, register what is returned under it.

    Args:
        old: String. The old name.
        new: The class.
        folder: String. The public folder of both, such as `"callbacks"`.
        since: String. The first version that warns.
        removed_in: String. The first version without the old name.

    Raises:
        ValueError: As `Deprecation`.

    Example:

    >>> import warnings
    >>> from keras_trainkit.kernels.deprecation.renamed import renamed_class
    >>> Old = renamed_class("Old", ktk.constraints.ZeroMean, since="0.2",
    ...                     removed_in="0.4", folder="constraints")
    >>> with warnings.catch_warnings(record=True) as seen:
    ...     warnings.simplefilter("always")
    ...     type(Old(axis=0)).__name__, seen[0].category.__name__
    ('ZeroMean', 'FutureWarning')
    """
    notice = Deprecation(
        f"`{folder}.{old}`", since, removed_in, f"`{folder}.{new.__name__}`"
    )

    class OldName(type(new)):
        """The kind of an old name: calling it makes the new class's objects."""

        def __init__(cls, name, bases, namespace, **kwargs):
            super().__init__(name, bases, namespace, **kwargs)
            if bases != (new,):
                notice.warn()

        def __call__(cls, *args, **kwargs):
            if cls is not alias:
                return super().__call__(*args, **kwargs)
            notice.warn()
            return new(*args, **kwargs)

        def __instancecheck__(cls, instance):
            return issubclass(type(instance), cls)

        def __subclasscheck__(cls, subclass):
            return type.__subclasscheck__(
                new if cls is alias else cls, subclass
            )

    namespace = {"__doc__": notice.message, "__module__": new.__module__}
    alias = OldName(old, (new,), namespace)
    return alias


def renamed_argument(old, new, *, since, removed_in):
    """Returns a decorator for a function that took an argument by another name.

    The function itself knows the new name alone. On a constructor, the old name
    in the configuration of a saved object is understood, too.

    Args:
        old: String. The old name.
        new: String. The argument's name now.
        since: String. The first version that warns.
        removed_in: String. The first version without the old name.

    Raises:
        TypeError: From the function, if it is called with both names.
        ValueError: As `Deprecation`; and if the function has no argument `new`
            or still has `old`.

    Example:

    >>> import warnings
    >>> from keras_trainkit.kernels.deprecation.renamed import renamed_argument
    >>> @renamed_argument("lr", "rate", since="0.2", removed_in="0.4")
    ... def half(rate):
    ...     return rate / 2
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     half(lr=3)
    1.5
    """

    def decorate(function):
        signature = inspect.signature(function)
        called = function.__qualname__.removesuffix(".__init__")
        if new not in signature.parameters:
            raise bad_value("new", new, f"an argument of `{called}`")
        if old in signature.parameters:
            raise bad_value("old", old, f"no argument of `{called}` any more")
        what = f"The argument `{old}` of `{called}`"
        notice = Deprecation(what, since, removed_in, f"`{new}`")

        @functools.wraps(function)
        def translating(*args, **kwargs):
            if old not in kwargs:
                return function(*args, **kwargs)
            value = kwargs.pop(old)
            if new in signature.bind_partial(*args, **kwargs).arguments:
                expected = f"left out where `{new}`, its new name, is given"
                raise bad_type(old, value, expected)
            notice.warn()
            return function(*args, **kwargs, **{new: value})

        # Keras reads a constructor's signature without looking behind it.
        translating.__signature__ = signature
        return translating

    return decorate


class RenamedAttribute:
    """An attribute's old name: reading and writing it warn and use the new one.

    Args:
        new: String. The attribute's name now.
        since: String. The first version that warns.
        removed_in: String. The first version without the old name.

    Raises:
        ValueError: As `Deprecation`, while the class is made.

    Example:

    >>> import warnings
    >>> from keras_trainkit.kernels.deprecation.renamed import RenamedAttribute
    >>> class Curve:
    ...     rates = (0.1, 0.2)
    ...     lrs = RenamedAttribute("rates", since="0.2", removed_in="0.4")
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     Curve().lrs
    (0.1, 0.2)
    """

    def __init__(self, new, *, since, removed_in):
        self._new, self._versions = new, (since, removed_in)

    def __set_name__(self, owner, old):
        self._notice = Deprecation(
            f"`{owner.__name__}.{old}`",
            *self._versions,
            f"`{owner.__name__}.{self._new}`",
        )

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        self._notice.warn()
        return getattr(instance, self._new)

    def __set__(self, instance, value):
        self._notice.warn()
        setattr(instance, self._new, value)
