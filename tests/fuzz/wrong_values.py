"""Wrong values for an argument, from what its docstring says of it.

A value is wrong where no word of the text allows its kind. Bounds such as
"of at least 2" and "in [0, 1)" give the numbers just beyond them.
"""

import inspect
import re

import keras
import numpy as np

# Words of a docstring that allow a kind of value.
WORDS = {
    "none": r"`None`|Defaults to nothing|\bnone\b",
    "integer": r"\b[Ii]nt(eger)?s?\b|^How many|^Into how many|^Epochs"
    r"|[Ss]election",
    "number": r"\b[Ff]loats?\b|\b[Nn]umbers?\b|[Tt]ensor",
    "string": r"\b[Ss]tring\b|\b[Nn]ames?\b|^Path|[Dd]irectory|pattern"
    r"|[Ss]election"
    r"|As for `keras",
    # Keras takes `True` for the seed 1, and for a `verbose` of 1.
    "boolean": r"\b[Bb]oolean|[Ww]hether\b|^If true|`True`|`False`|[Tt]ensor"
    r"|random seed|SeedGenerator|prints",
    "list": r"\b[Ll]ists?\b|\b[Tt]uples?\b|\b[Ss]equence|\b[Ss]et\b|\b[Pp]airs?"
    r"|\b[Aa]rrays?\b|[Tt]ensor|Labels|quarter turns|[Ss]election"
    r"|\bdata\b|[Tt]argets|^Inputs|a batch|^Whatever|^As (for|in) `fit`"
    r"|^Like `x`",
    "dictionary": r"\b[Dd]ict|config\b|SeedGenerator",
    "callable": r"[Cc]allable|[Ff]unction|[Ll]oss\b|[Ii]nitializer|[Ss]election"
    r"|[Rr]egularizer|[Cc]onstraint",
    "not a number": r"\bNaN\b|[Tt]ensor",
}

# A value, and the kinds that may be meant by it.
VALUES = {
    "an object": (object(), ()),
    "None": (None, ("none",)),
    "a word": ("nonsense", ("string",)),
    "a Boolean": (True, ("boolean",)),
    "an integer": (3, ("integer", "number")),
    "a fraction": (0.37, ("number",)),
    "a complex number": (1j, ()),
    "bytes": (b"nonsense", ()),
    "an empty list": ([], ("list",)),
    "a list of an object": ([object()], ()),
    "a dictionary of an object": ({"nonsense": object()}, ("dictionary",)),
    "a class": (keras.layers.Layer, ("callable",)),
    "an array of a number": (np.array([0.5]), ("list",)),
    "NaN": (float("nan"), ("not a number",)),
}

NUMBER = r"(-?\d+(?:\.\d+)?)"


def wrong_values(text, default=inspect.Parameter.empty):
    """Returns `{what it is: value}` of what the text of an argument forbids.

    Args:
        text: What the docstring says.
        default: The argument's, which is no wrong value.
    """
    kinds = {kind for kind, word in WORDS.items() if re.search(word, text)}
    kinds |= {"none"} if default is None else set()
    found = {
        label: value
        for label, (value, meant) in VALUES.items()
        if not kinds & set(meant)
    }
    if kinds & {"integer", "number"}:
        found |= _beyond_bounds(text, "number" in kinds)
    return found


def _beyond_bounds(text, fractions):
    first = re.split(r"(?<=[a-z\])\d`]);|\.\s", text)[0]
    bounds = {
        rf"above {NUMBER}": lambda low: {"its bound": low, "below": low - 1},
        rf"at least {NUMBER}": lambda low: {"below": low - 1},
        rf"at most {NUMBER}(?! with)": lambda high: {"above": high + 1},
        rf"and below {NUMBER}": lambda high: {"its upper bound": high},
        rf"in `?\[{NUMBER},": lambda low: {"below": low - 1},
        rf"in \({NUMBER},": lambda low: {"its bound": low, "below": low - 1},
        rf"in .-?\d+, {NUMBER}\]": lambda high: {"above": high + 1},
        rf"in .-?\d+, {NUMBER}\)": lambda high: {"its upper bound": high},
        r"(Positive)": lambda _: {"zero": 0, "below": -1},
    }
    found = {}
    for pattern, beyond in bounds.items():
        for match in re.finditer(pattern, first):
            bound = match[1] if match[1] == "Positive" else _number(match[1])
            found |= beyond(bound)
    if fractions and re.search(
        "Finite|Positive|above|at least|in .-?\\d", first
    ):
        found |= {"minus infinity": float("-inf")}
    if fractions and re.search("Finite|in .-?\\d|at most 1", first):
        found |= {"infinity": float("inf"), "a huge integer": 10**400}
    if not fractions:
        found |= {"infinity": float("inf"), "a fraction": 2.5}
    return found


def _number(text):
    return float(text) if "." in text else int(text)
