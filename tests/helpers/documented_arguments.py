"""What a public docstring says of each argument, beside the signature."""

import ast
import inspect
import re


def gaps(thing, others=()):
    """Returns what `Args` leaves out or says wrongly, as sentences.

    Args:
        thing: A class or a function. Of a dataclass, whose fields stand below
            `Attributes`, nothing is asked.
        others: `{dotted name: thing}`, which a docstring may refer to.
    """
    if hasattr(thing, "__dataclass_fields__"):
        return []
    texts = argument_texts(thing, others)
    found = []
    for parameter in inspect.signature(thing).parameters.values():
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        said = _amiss(texts.get(parameter.name, ""), parameter.default)
        found += [f"{parameter.name}: {said}"] if said else []
    return found


def _amiss(text, default):
    if not text:
        return "not said"
    # Where an optional argument stands before one that is needed.
    if default is inspect.Parameter.empty or "Required" in text:
        return ""
    told = re.findall(r"Defaults to (`[^`]*`|\S+)", text)
    if not told:
        return "no default said"
    # Likewise, and what stands elsewhere: the argument's own is the last.
    literal = _literal(told[-1])
    wrong = literal is not _WORDS and literal != default
    return f"{told[-1]} is not {default!r}" if wrong else ""


# "Defaults to all of them", and numbers that are written as 1/8.
_WORDS = object()


def _literal(told):
    try:
        return ast.literal_eval(told.strip("`").rstrip(".,:;"))
    except (ValueError, SyntaxError):
        return _WORDS


def argument_texts(thing, others=()):
    """Returns `{argument: what the docstring says of it}`.

    "Likewise" and "As for `GLU`" stand for the text that they name.

    Args:
        thing: A class or a function.
        others: `{dotted name: thing}`, which a docstring may refer to.
    """
    doc = inspect.getdoc(thing) or ""
    section = re.search(r"^Args:\n(.*?)(?=^\S|\Z)", doc, re.S | re.M)
    found, last = {}, ""
    for name, text in _entries(section[1] if section else ""):
        if re.search(r"\blikewise\b|^Likewise", text):
            text = f"{last} {text}"
        referred = re.match(r"[Aa]s for `([\w.]+)`", text)
        if referred:
            text = f"{text} {_elsewhere(referred[1], name, others)}"
        found[name] = last = text
    return found


def _entries(section):
    for entry in re.split(r"\n(?=    [*\w])", "\n" + section):
        match = re.match(r"\n? *\*{0,2}(\w+): (.*)", entry, re.S)
        if match:
            yield match[1], " ".join(match[2].split())


def _elsewhere(referred, name, others):
    things = [
        thing
        for dotted, thing in dict(others).items()
        if dotted.split(".")[-1] == referred.split(".")[-1]
    ]
    texts = [argument_texts(thing, ()) for thing in things]
    return next((text[name] for text in texts if name in text), "")
