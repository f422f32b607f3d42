"""A report whose names would run if a page took them for more than text."""

import functools

import numpy as np

from keras_trainkit.diagnostics.finding import Finding
from keras_trainkit.diagnostics.page.render import page
from keras_trainkit.diagnostics.report import Report

ODD = (
    '</script><script>window.broken = "yes"</script>'
    '<img src=x onerror=\'window.broken="yes"\'>"$_{{ 7 * 7 }}'
)
EPOCHS = np.arange(9)


def finding(code, severity, topic, where="hidden", confidence=0.5, docs=""):
    return Finding(
        code=code,
        severity=severity,
        topic=topic,
        where=where,
        message=f"seen in {where}: 3 of 4",
        fix=f"model.compile(...)\n    # {where}",
        docs=docs or f"https://example.org/checks.md#{code.lower()}",
        confidence=confidence,
    )


def findings():
    return [
        finding("A101", "warning", "activation", ODD),
        finding("L101", "error", "loss", confidence=0.4),
        finding("L102", "error", "loss", "head", 0.9, "javascript:alert(1)"),
        finding("O101", "warning", "learning_rate", ""),
        finding("I101", "advice", "initialization"),
    ]


def odd_report():
    return Report(
        findings(),
        summary={"model": f"net {ODD}", "weights": "1,234"},
        curves={
            "loss": list(np.exp(-EPOCHS / 5)),
            "val_loss": list(np.exp(-EPOCHS / 4) + 0.1),
            ODD: [1.0, *[float("nan")] * 7, 2.0],
            "learning_rate": [0.1] * 9,
            "nothing": [float("nan")] * 9,
        },
        marks=[(4, "D101")],
        layers=[
            {
                "path": ODD,
                "kind": "dense",
                "shape": [None, 16],
                "parameters": 12345,
                "activation": "relu",
                "probe_epochs": [0, 1, 2],
                "gradient_norm": [1.0, None, 0.25],
            },
            {
                "path": "head",
                "kind": "dense",
                "shape": [None, 1],
                "parameters": 17,
                "activation": None,
            },
        ],
    )


@functools.cache
def odd_page():
    """The page of `odd_report()`, drawn once."""
    return page(odd_report())
