"""What the rules of one family say of a model."""

import keras

from keras_trainkit.diagnostics.facts.subject import Subject
from keras_trainkit.diagnostics.rules.registry import rules

L = keras.layers


def stack(*layers, inputs=(16,), loss="mse", optimizer="adam"):
    """Returns a compiled Sequential model; `loss=None` leaves it as it is."""
    model = keras.Sequential([keras.Input(inputs), *layers])
    if loss is not None:
        model.compile(optimizer, loss)
    return model


def said(model, *codes, **more):
    """Returns `(code, severity, where)` of what rules with `codes` find.

    Args:
        model: A built model.
        *codes: Codes, or beginnings of codes.
        **more: As for `Subject`.
    """
    return [
        (f.code, f.severity, f.where) for f in findings(model, *codes, **more)
    ]


def findings(model, *codes, **more):
    """Returns the findings of the rules with `codes`; see `said`."""
    subject = Subject(model, **more)
    return [
        finding
        for rule in rules()
        if rule.code.startswith(codes)
        for finding in rule.findings(subject)
    ]
