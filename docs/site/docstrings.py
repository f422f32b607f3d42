"""Docstrings in Keras's form: their sections, and these as Markdown."""

import re
import textwrap

SECTIONS = (
    "Args",
    "Attributes",
    "Call arguments",
    "Example",
    "Raises",
    "Reference",
    "Returns",
    "Yields",
)
# Sections of names with an explanation each.
LISTS = ("Args", "Attributes", "Call arguments", "Raises")

_HEADING = re.compile(rf"^({'|'.join(SECTIONS)}):$", re.MULTILINE)
_ITEM = re.compile(r"^(\S[^:]*?): (.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


def sections(docstring):
    """Returns `[(title, text)]` of a docstring; the first has no title."""
    first, *rest = _HEADING.split(docstring)
    pairs = zip(rest[::2], rest[1::2], strict=True)
    return [
        ("", first.strip()),
        *((title, _body(text)) for title, text in pairs),
    ]


def _body(text):
    return textwrap.dedent(text.strip("\n")).strip()


def as_markdown(title, text):
    """Returns a section's text as Markdown, without its title."""
    if title in LISTS:
        return _definitions(title, text)
    return _with_fences(text)


def _definitions(title, text):
    items = _ITEM.findall(text)
    if not items:
        raise ValueError(
            f"Expected lines `name: what it is` below {title}:. "
            f"Received: {text[:200]!r}."
        )
    return "\n\n".join(
        f"`{name}`\n: {_indented(explanation)}" for name, explanation in items
    )


def _indented(explanation):
    first, _, rest = explanation.strip("\n").partition("\n")
    body = f"{first}\n{textwrap.dedent(rest)}".strip()
    return textwrap.indent(_with_fences(body), "  ").lstrip()


def _with_fences(text):
    """Returns Markdown in which lines of `>>>` are code."""
    lines, inside, fenced = [], False, False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        if line.startswith(">>>") and not inside and not fenced:
            lines.append("```pycon")
            inside = True
        elif inside and not line.strip():
            lines.append("```")
            inside = False
        lines.append(line)
    return "\n".join([*lines, "```"] if inside else lines)
