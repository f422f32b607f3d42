"""What is said of something that will be removed, and when it may be.

The warning is a `FutureWarning`. Python hides a `DeprecationWarning` that
arises outside of the script itself, and a training loop mostly lies in a module
that a script imports; who is not told is surprised when the name is gone.
"""

import dataclasses
import inspect
import re
import warnings

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value

# In how many minor versions, at least, what is deprecated still works.
STAYS_FOR = 2

# Whose code no user can change. Torch sets the attributes of Keras's layers.
_NOT_THE_USERS = {"keras_trainkit", "keras", "torch", "tensorflow", "importlib"}


@dataclasses.dataclass(frozen=True)
class Deprecation:
    """Something that will be removed.

    Args:
        what: String. What the user calls it.
        since: String, such as `"0.2"`. The first version that warns.
        removed_in: String. The first version without it; two minor versions
            after `since`, or later. The first minor version of a new major one
            counts as one.
        replacement: String. What to write instead.

    Raises:
        TypeError: If something is no string.
        ValueError: If a version has another form, the removal comes too soon,
            or nothing is said to be written instead.

    Example:

    >>> from keras_trainkit.kernels.deprecation.notice import Deprecation
    >>> notice = Deprecation("`old`", "0.2", "0.4", "`new`")
    >>> notice.message
    '`old` is deprecated since 0.2 and will be removed in 0.4. Use `new`.'
    """

    what: str
    since: str
    removed_in: str
    replacement: str

    def __post_init__(self):
        for name in ("what", "replacement"):
            value = getattr(self, name)
            if not isinstance(value, str):
                raise bad_type(name, value, "a string")
            if not value:
                raise bad_value(name, value, "a string that says it")
        first = minor_version("since", self.since)
        last = minor_version("removed_in", self.removed_in)
        if versions_between(first, last) < STAYS_FOR:
            raise bad_value(
                "removed_in",
                self.removed_in,
                f"at least {STAYS_FOR} minor versions after since={self.since}",
            )

    @property
    def message(self):
        """The warning's text."""
        return (
            f"{self.what} is deprecated since {self.since} and will be "
            f"removed in {self.removed_in}. Use {self.replacement}."
        )

    def warn(self):
        """Warns, at the line that called into this package or into Keras.

        An old name in a saved model is met by Keras, at the user's
        `load_model`.
        """
        frame = inspect.currentframe()
        while frame.f_back and _package(frame) in _NOT_THE_USERS:
            frame = frame.f_back
        warnings.warn_explicit(
            self.message,
            FutureWarning,
            frame.f_code.co_filename,
            frame.f_lineno,
            # Python drops a warning that comes from no module.
            frame.f_globals.get("__name__", "__main__"),
            frame.f_globals.setdefault("__warningregistry__", {}),
        )


def _package(frame):
    return frame.f_globals.get("__name__", "").partition(".")[0]


def minor_version(name, value):
    """Returns `(major, minor)` of a version such as `"0.2"` or `"0.2.1"`.

    Args:
        name: The argument's name.
        value: String.

    Raises:
        TypeError: If `value` is no string.
        ValueError: If it is no version.
    """
    expected = 'a version such as "0.2"'
    if not isinstance(value, str):
        raise bad_type(name, value, expected)
    pattern = r"(\d+)\.(\d+)(\.\d+)?(\.?(a|b|rc|dev|post)\d+)*"
    found = re.fullmatch(pattern, value, re.ASCII)
    if not found:
        raise bad_value(name, value, expected)
    return int(found[1]), int(found[2])


def versions_between(first, last):
    """Returns how many minor versions lead, at least, from one to another.

    How many came before a new major version is not known: the step to it counts
    as one.

    Args:
        first: Tuple `(major, minor)`.
        last: Another one.

    Returns:
        Integer, negative if `last` comes before `first`.
    """
    if last < first:
        return -versions_between(last, first)
    if first[0] == last[0]:
        return last[1] - first[1]
    return last[0] - first[0] + last[1]
