"""Wrong calls, and what is amiss with the answers to them."""

import inspect
import re

from tests.fuzz import wrong_values
from tests.fuzz.valid_calls import VALID
from tests.helpers import docstrings
from tests.helpers.documented_arguments import argument_texts

EXPORTED = docstrings.exported()
# What Keras's base classes and its `Dense` take, they have to check.
OF_KERAS = r"As for `keras\.layers|The layer's (name|dtype)"


def arguments(name):
    """Returns the names of the arguments of a public thing, in order.

    With `**kwargs` come `no_such_argument`: its name has to be refused.
    """
    parameters = inspect.signature(EXPORTED[name]).parameters.values()
    return [
        "no_such_argument" if p.kind is p.VAR_KEYWORD else p.name
        for p in parameters
    ]


def wrong_calls(name, argument):
    """Returns `{what is wrong: value}` for one argument of a public thing."""
    if argument == "no_such_argument":
        return {"unknown": 1}
    thing = EXPORTED[name]
    texts = argument_texts(thing, EXPORTED)
    text = texts.get(argument, _annotated(thing, argument))
    anything = text == "anything"
    unsaid = (argument == "name" and not text) or anything
    if unsaid or re.match(OF_KERAS, text):
        return {}
    default = inspect.signature(thing).parameters[argument].default
    return wrong_values.wrong_values(text, default)


def _annotated(thing, argument):
    """What a dataclass, which has no `Args`, says of a field."""
    fields = getattr(thing, "__dataclass_fields__", {})
    if argument not in fields:
        return ""
    kind = fields[argument].type
    return {
        "object": "anything",
        "int": "Integer",
        "str": "String",
        "tuple": "Tuple",
        "dict": "Dict",
        "float": "Float",
        "bool": "Boolean",
        "float | None": "Float or `None`, NaN",
        "str | None": "String or `None`",
    }.get(getattr(kind, "__name__", str(kind)), "")


def amiss(name, argument, world):
    """Returns what a public thing does wrong with wrong values, as sentences.

    Args:
        name: Of the thing.
        argument: Of the argument that gets them.
        world: The `World` that the other arguments come from.
    """
    said = {
        label: _answer(name, argument, value, world)
        for label, value in wrong_calls(name, argument).items()
    }
    found = [f"{label}: {text}" for label, text in said.items() if text]
    changed = world.changed()
    return [*found, f"changed: {changed}"] if changed else found


def _answer(name, argument, value, world):
    """Returns "" where the answer is right."""
    given = {**VALID[name](world), argument: value}
    several = [v for k, v in given.items() if f"*{argument}" == k]
    try:
        if several:
            EXPORTED[name](value)
        else:
            EXPORTED[name](**given)
    except (TypeError, ValueError) as error:
        return "" if _names(argument, str(error)) else f"unnamed: {error!r}"
    except Exception as error:
        return f"another error: {error!r}"
    return "accepted"


def _names(argument, text):
    """Whether an error names an argument: in quotes, or before its value."""
    quoted = rf"[`'\"]{argument}[`'\"\[.]"
    return re.search(rf"{quoted}|\b{argument}=", text) is not None
