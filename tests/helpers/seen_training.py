"""Trainings as the doctor's rules see them, without any `fit`."""

from types import SimpleNamespace

import keras
import numpy as np

from keras_trainkit.diagnostics.facts.subject import Subject
from keras_trainkit.diagnostics.facts.training import Probe
from keras_trainkit.diagnostics.facts.training import Training
from keras_trainkit.diagnostics.finding import Finding
from keras_trainkit.diagnostics.rules.registry import rules
from keras_trainkit.probing.forward import LayerOutput

ROWS = 64
UNSCALED = Finding("X1", "warning", "preprocessing", "", "x is 0-255", "x/255")
WRONG_LOSS = Finding("L1", "error", "loss", "out", "no fit", "another loss")
_MODELS = {}


def subject(last="sigmoid", loss="binary_crossentropy", optimizer="sgd"):
    """Returns a new `Subject` of a small model on two balanced classes."""
    key = last, loss, optimizer
    if key not in _MODELS:
        layers = keras.layers
        model = keras.Sequential(
            [
                keras.Input((4,)),
                layers.Dense(8, activation="relu", name="hidden"),
                layers.Dense(8, activation="tanh", name="second"),
                layers.Dense(1, activation=last, name="out"),
            ]
        )
        model.compile(optimizer, loss, metrics=["accuracy"])
        _MODELS[key] = model
    x = np.random.default_rng(0).normal(size=(ROWS, 4))
    return Subject(_MODELS[key], x, (x[:, :1] > 0).astype("float32"), 8, 30)


def seen(
    loss,
    rate=0.01,
    updates=1000,
    causes=(),
    ended=True,
    about=None,
    probes=(),
    **curves,
):
    """Returns a `Subject` whose training had these curves."""
    about = about or subject()
    training = Training(about, list(about.sample.y), len(loss), causes)
    about.training = training
    logs = {"loss": loss, **curves}
    for epoch in range(len(loss)):
        training.add_epoch({name: v[epoch] for name, v in logs.items()})
    training.updates = updates
    training.rates = [rate] if rate else []
    training.ended = ended
    training.probes = list(probes)
    return about


def layer(dead=None, saturated=None, units=8, finite=True):
    """Returns a `LayerOutput` of which only this matters."""
    return LayerOutput(
        "hidden",
        None,
        (ROWS, units),
        0.0,
        1.0,
        1.0,
        1.0,
        dead,
        saturated,
        finite,
    )


def probe(epoch=8, layers=None, outputs=None, ratios=None, **changes):
    """Returns a `Probe` of outputs that differ, unless others are given."""
    if outputs is None:
        outputs = np.linspace(0.2, 0.8, ROWS)[:, None]
    gradients = None
    if ratios is not None:
        gradients = SimpleNamespace(
            ratios=ratios, layers=ratios, loss=0.7, penalty=0.0
        )
    return Probe(epoch, layers or {}, [outputs], gradients, **changes)


def found(code, about):
    """Returns what the rule `code` finds in a `Subject`."""
    (rule,) = [one for one in rules() if one.code == code]
    return rule.findings(about)


def said(code, about):
    """Returns `(severity, topic)` of the only finding, or `None`."""
    findings = found(code, about)
    return (findings[0].severity, findings[0].topic) if findings else None
