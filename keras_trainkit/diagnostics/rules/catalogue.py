"""docs/checks.md, written from the rules themselves.

`python -m keras_trainkit.diagnostics.rules.catalogue > docs/checks.md`, and
`ruff format docs/checks.md`.
"""

import inspect

from keras_trainkit.diagnostics.faults import guard_codes
from keras_trainkit.diagnostics.rules.registry import FAMILIES
from keras_trainkit.diagnostics.rules.registry import rules

_HEAD = """\
# What is checked

The rules of `diagnostics.check_model` (before training) and of
`callbacks.TrainingDoctor` (during it), with an example that each is about and
the same one repaired. Both are run by the tests. This page is written from the
rules; how to use them is in [getting_unstuck.md](getting_unstuck.md).

A rule that is wrong about your network can be left out by its code, or by the
beginning of its code: `check_model(model, ignore=["I", "N103"])`.

| severity | means |
|---|---|
| error | it cannot work |
| warning | it most likely hurts |
| advice | sound networks do it, too |
"""
_GUARD = """\
## G: Steps that are not finite

What the report of `callbacks.NonFiniteGuard` names: the first thing in a step
that was NaN or infinite. A warning, or an error where it stopped the training
([how the guard works](instruments.md#nonfiniteguard)).
"""


def checks_page():
    """Returns the text of docs/checks.md."""
    sections = [_HEAD, _contents()]
    for letter, title in FAMILIES.items():
        sections.append(f"## {letter}: {title}\n")
        sections += [_section(one) for one in rules() if one.code[0] == letter]
    return "\n".join([*sections, _GUARD, *map(_guard_section, guard_codes())])


def _contents():
    rows = [
        f"| [{one.code}](#{one.code.lower()}) | {_words(one)} | {one.topic} "
        f"| {one.severity} |"
        for one in rules()
    ]
    rows += [
        f"| [{code}](#{code.lower()}) | not finite: {what} | {topic} "
        "| warning, or error |"
        for code, what, topic, _ in guard_codes()
    ]
    return "\n".join(
        ["| code | rule | topic | severity |", "|---|---|---|---|", *rows, ""]
    )


def _heading(code, words):
    # GitHub's anchor of a heading would carry the rule's name.
    return f'<a id="{code.lower()}"></a>\n\n### {code} {words}\n'


def _guard_section(kind):
    code, what, _, fix = kind
    return "\n".join([_heading(code, f"not finite: {what}"), f"{fix}\n"])


def _section(one):
    parts = [
        _heading(one.code, _words(one)),
        f"{inspect.getdoc(one.look)}\n",
    ]
    if one.bad:
        parts.append(_block(f"# {one.code}", one.bad))
    if one.good:
        parts.append(_block("# repaired", one.good))
    if one.reference:
        parts.append(f"Reference: {one.reference}\n")
    return "\n".join(parts)


def _words(one):
    return one.name.replace("-", " ")


def _block(title, source):
    return f"```python\n{title}\n{inspect.cleandoc(source)}\n```\n"


if __name__ == "__main__":
    print(checks_page(), end="")
