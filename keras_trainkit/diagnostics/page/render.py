"""A report as one self-contained page."""

import base64
import hashlib
import numbers
from pathlib import Path

from keras_trainkit.diagnostics.finding import SEVERITIES
from keras_trainkit.diagnostics.page.figures import curve_figures
from keras_trainkit.diagnostics.page.figures import sparkline

_COLUMNS = ("path", "kind", "shape", "parameters", "activation")
# When the rest was measured; no line of its own.
_NOT_SHOWN = (*_COLUMNS, "probe_epochs")


def page(report):
    """Renders a `Report` as a page that needs no other file and no network.

    Args:
        report: A `Report`.

    Returns:
        The page as a string. Every name in it is text, whatever it is made
        of; the script on the page is the only one a browser will run.

    Raises:
        ImportError: Without Jinja2 or matplotlib (extra `report`).
    """
    template, Markup = _template()
    script = _read("filter.js")
    figures = [
        (name, Markup(whole), Markup(detail))
        for name, whole, detail in curve_figures(report)
        if whole
    ]
    return template.render(
        style=Markup(_read("style.css")),
        script=Markup(script),
        script_hash=_hash(script),
        findings=report.findings,
        counts=_counts(report),
        severities=_present(report, "severity", SEVERITIES),
        topics=_present(report, "topic"),
        summary=report.summary,
        figures=figures,
        marks=report.marks,
        columns=_COLUMNS,
        measured=_measured(report),
        rows=[
            _row(layer, Markup, _measured(report)) for layer in report.layers
        ],
    )


def _template():
    try:
        import jinja2
        import markupsafe
    except ImportError as error:
        raise ImportError(
            "A page needs Jinja2. Install it with "
            '`pip install "keras-trainkit[report]"`.'
        ) from error
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["web"] = _web_address
    return environment.from_string(_read("template.html")), markupsafe.Markup


def _read(name):
    return Path(__file__).with_name(name).read_text("utf-8")


def _hash(script):
    """Returns what a Content-Security-Policy knows a script by."""
    # Browsers hash the text as it stands between the tags.
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return base64.b64encode(digest).decode("ascii")


def _web_address(text):
    """Returns an address that only leads to the web, else `""`."""
    return text if text.startswith(("https://", "http://")) else ""


def _counts(report):
    told = [one.severity for one in report.findings]
    return {name: told.count(name) for name in SEVERITIES if name in told}


def _present(report, attribute, order=None):
    values = {getattr(one, attribute) for one in report.findings}
    return [v for v in order if v in values] if order else sorted(values)


def _measured(report):
    """Returns the names of what was measured over time for some layer."""
    names = {
        name: None
        for layer in report.layers
        for name, value in layer.items()
        if name not in _NOT_SHOWN and _is_series(value)
    }
    return list(names)


def _row(layer, Markup, measured):
    cells = [_cell(layer.get(name)) for name in _COLUMNS]
    lines = [
        (
            Markup(sparkline(layer[name])),
            _last(layer[name]),
        )
        if _is_series(layer.get(name))
        else ("", "")
        for name in measured
    ]
    return {"cells": cells, "lines": lines}


def _cell(value):
    if value is None:
        return ""
    if isinstance(value, numbers.Integral):
        return f"{value:,}"
    if isinstance(value, (list, tuple)):
        return " x ".join("?" if n is None else str(n) for n in value)
    return str(value)


def _is_series(value):
    return isinstance(value, (list, tuple)) and all(
        v is None or isinstance(v, numbers.Real) for v in value
    )


def _last(values):
    known = [v for v in values if v is not None]
    return f"{known[-1]:.3g}" if known else ""
