"""What a check returns: findings, the most likely cause first."""

import html
import json
import textwrap
from pathlib import Path

from keras_trainkit.backend.devices.process import is_main_process
from keras_trainkit.diagnostics.finding import SEVERITIES
from keras_trainkit.diagnostics.finding import Finding
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value

_WIDTH = 80
_LISTED = ("code", "severity", "topic", "where")
_COLUMNS = ("severity", "code", "topic", "where", "message", "fix")


class Report:
    """Findings about a model and its training, the most likely cause first.

    `print(report)` shows them as a table, a notebook shows them as one, and
    `to_html` writes a page to look at.

    Args:
        findings: Sequence of `Finding`s.
        summary: Dict of strings to strings: what was looked at. Defaults to
            nothing.
        curves: Dict of names of metrics to one number an epoch. Defaults to
            nothing.
        marks: Sequence of `(epoch, code)`: when a finding arose. Defaults to
            nothing.
        layers: Sequence of dicts, one a layer, with `"path"`, `"kind"`,
            `"shape"`, `"parameters"`, `"activation"` and whatever lists of
            numbers were measured. Defaults to nothing.

    Raises:
        TypeError: For arguments of another type.

    Attributes:
        findings: Tuple of `Finding`s.

    Example:

    >>> model = keras.Sequential(
    ...     [keras.Input((4,)), keras.layers.Dense(1, activation="softmax")]
    ... )
    >>> model.compile("adam", "binary_crossentropy")
    >>> report = ktk.diagnostics.check_model(model)
    >>> report.ok
    False
    >>> report.most_likely.topic
    'activation'
    """

    def __init__(
        self, findings, summary=None, curves=None, marks=(), layers=()
    ):
        findings = _listed_as("findings", findings)
        marks, layers = _listed_as("marks", marks), _listed_as("layers", layers)
        for one in findings:
            if not isinstance(one, Finding):
                raise bad_type("findings", one, "`Finding`s")
        for name, given in {"summary": summary, "curves": curves}.items():
            if not isinstance(given, (dict, type(None))):
                raise bad_type(name, given, "a dictionary, or None")
        for mark in marks:
            if not isinstance(mark, (list, tuple)) or len(mark) != 2:
                raise bad_type("marks", marks, "a list of pairs (epoch, code)")
        for layer in layers:
            if not isinstance(layer, dict):
                raise bad_type("layers", layers, "a list of dictionaries")
        self.findings = tuple(sorted(findings, key=lambda one: one.rank))
        self.summary = dict(summary or {})
        self.curves = dict(curves or {})
        self.marks = list(marks)
        self.layers = list(layers)

    @property
    def most_likely(self):
        """The most likely cause: the first finding, or `None`."""
        return self.findings[0] if self.findings else None

    @property
    def ok(self):
        """Whether there is no error and no warning."""
        return all(one.severity == "advice" for one in self.findings)

    def select(self, *codes):
        """Returns a report of the findings with some codes only.

        Args:
            *codes: Codes such as `"L101"`, or prefixes of them such as `"L"`.
        """
        require_codes("codes", codes)
        return self._of(one for one in self.findings if matches(one, codes))

    def ignore(self, *codes):
        """Returns a report without the findings with some codes.

        Args:
            *codes: As for `select`.
        """
        require_codes("codes", codes)
        return self._of(one for one in self.findings if not matches(one, codes))

    def raise_for_errors(self):
        """Raises a `ValueError` with the table if there is an error."""
        errors = [one for one in self.findings if one.severity == "error"]
        if errors:
            raise ValueError(f"The model cannot be trained so.\n{self}")

    def to_json(self):
        """Returns the findings and the summary as a string of JSON."""
        return json.dumps(
            {
                "summary": self.summary,
                "ok": self.ok,
                "findings": [
                    {**{name: getattr(one, name) for name in _COLUMNS}}
                    | {"docs": one.docs, "confidence": one.confidence}
                    for one in self.findings
                ],
            },
            indent=2,
        )

    def to_html(self, path=None):
        """Writes one self-contained page: see docs/report.md.

        Args:
            path: Where to write it; of several processes the main one does.
                Defaults to `None`: nothing is written.

        Returns:
            The page as a string.

        Raises:
            ImportError: Without Jinja2 and matplotlib (extra `report`).
        """
        from keras_trainkit.diagnostics.page.render import page

        text = page(self)
        if path is not None and is_main_process():
            Path(path).write_text(text, "utf-8")
        return text

    def __str__(self):
        if not self.findings:
            return "Nothing found."
        counts = [
            f"{number} {name}{'s' if number > 1 and name != 'advice' else ''}"
            for name in SEVERITIES
            if (number := sum(f.severity == name for f in self.findings))
        ]
        lines = [", ".join(counts) + "; the most likely cause comes first.", ""]
        rows = [_LISTED, *map(_listed, self.findings)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        head, *rows = [_aligned(row, widths) for row in rows]
        lines += [head, "-" * _WIDTH]
        for row, one in zip(rows, self.findings, strict=True):
            lines += [row, *_wrapped(one.message)]
            lines += [*_wrapped(f"Fix: {one.fix}"), ""]
        return "\n".join(lines[:-1])

    def __repr__(self):
        return str(self)

    def _repr_html_(self):
        head = "".join(f"<th>{name}</th>" for name in _COLUMNS)
        rows = "".join(
            "<tr>"
            + "".join(
                f"<td>{html.escape(str(getattr(one, name)))}</td>"
                for name in _COLUMNS
            )
            + "</tr>"
            for one in self.findings
        )
        if not rows:
            return "<p>Nothing found.</p>"
        return f"<table><tr>{head}</tr>{rows}</table>"

    def _of(self, findings):
        return Report(
            list(findings), self.summary, self.curves, self.marks, self.layers
        )


def _listed_as(name, given):
    if isinstance(given, type) or not hasattr(given, "__iter__"):
        raise bad_type(name, given, "a list or a tuple")
    return list(given)


def matches(finding, codes):
    """Whether a finding has one of `codes`, or begins with it."""
    return finding.code.startswith(tuple(codes))


def require_codes(name, codes, family=""):
    """Raises unless `codes` are codes of findings, or prefixes of some.

    Args:
        name: The argument's name.
        codes: Sequence of strings.
        family: What the codes must begin with. Defaults to `""`.
    """
    from keras_trainkit.diagnostics.rules.registry import known_codes

    plain = isinstance(codes, (str, bytes, type))
    if plain or not hasattr(codes, "__iter__"):
        raise bad_type(name, codes, 'a list of codes such as ["L101", "A"]')
    known = [one for one in known_codes() if one.startswith(family)]
    for code in codes:
        if not isinstance(code, str):
            raise bad_type(name, code, 'a code such as "L101", or "L"')
        if not code or not any(one.startswith(code) for one in known):
            raise bad_value(
                name,
                code,
                f"a code or its beginning, of {sorted(known)}",
            )


def _listed(finding):
    return tuple(getattr(finding, name) for name in _LISTED)


def _aligned(row, widths):
    cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
    return "  ".join(cells).rstrip()


def _wrapped(text):
    """Wraps prose; lines of code, which have line breaks, stay as they are."""
    return [
        line
        for paragraph in text.splitlines()
        for line in textwrap.wrap(
            paragraph,
            _WIDTH,
            initial_indent="  ",
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
            replace_whitespace=False,
        )
    ]
