import keras
import pytest

from tests.helpers.layer_rules import L
from tests.helpers.layer_rules import findings
from tests.helpers.layer_rules import said
from tests.helpers.layer_rules import stack

pytestmark = pytest.mark.one_backend

SPARSE = "sparse_categorical_crossentropy"


def drop(rate, name="drop"):
    return L.Dropout(rate, name=name)


def hidden(*layers, **more):
    return stack(L.Dense(8, "relu"), *layers, L.Dense(3), **more)


def classes(*layers):
    return stack(L.Dense(8, "relu"), *layers, loss=SPARSE)


SAID = {
    "behind the output": (
        lambda: classes(L.Dense(3, "softmax"), drop(0.3)),
        [("R101", "warning", "drop")],
    ),
    "on the scores": (
        lambda: classes(L.Dense(3), drop(0.3), L.Softmax()),
        [("R101", "warning", "drop")],
    ),
    "at the end of an encoder": (
        lambda: stack(L.Dense(8), drop(0.3), loss=None),
        [("R101", "advice", "drop")],
    ),
    "in front of the output": (
        lambda: classes(drop(0.5), L.Dense(3, "softmax")),
        [],
    ),
    "a high rate": (
        lambda: hidden(drop(0.6)),
        [("R102", "advice", "drop")],
    ),
    "a very high rate": (
        lambda: hidden(drop(0.8)),
        [("R102", "warning", "drop")],
    ),
    "a rate of 1": (lambda: hidden(drop(1.0)), [("R102", "error", "drop")]),
    "two that are high together": (
        lambda: hidden(drop(0.5, "first"), drop(0.5)),
        [("R102", "advice", "drop")],
    ),
    "in a recurrent layer": (
        lambda: stack(
            L.Bidirectional(L.GRU(4, recurrent_dropout=0.9), name="gru"),
            L.Dense(1),
            inputs=(5, 2),
        ),
        [("R102", "warning", "gru")],
    ),
    "noise is no dropout": (lambda: hidden(L.GaussianNoise(0.9)), []),
    "in front of BatchNormalization": (
        lambda: hidden(drop(0.3), L.BatchNormalization()),
        [("R103", "advice", "drop")],
    ),
    "two layers in front of it": (
        lambda: hidden(
            drop(0.3), L.Dense(8), L.Dense(8), L.BatchNormalization()
        ),
        [],
    ),
    "l2 and AdamW": (
        lambda: stack(
            L.Dense(8, "relu", kernel_regularizer="l2", name="both"),
            L.Dense(1),
            optimizer=keras.optimizers.AdamW(weight_decay=0.01),
        ),
        [("R105", "advice", "both")],
    ),
    "l2 and Adam": (
        lambda: stack(L.Dense(8, "relu", kernel_regularizer="l2"), L.Dense(1)),
        [],
    ),
    "l1 and AdamW": (
        lambda: stack(
            L.Dense(8, "relu", kernel_regularizer="l1"),
            L.Dense(1),
            optimizer="adamw",
        ),
        [],
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_said_of_dropout_and_decay(name):
    build, expected = SAID[name]
    assert said(build(), "R101", "R102", "R103", "R105") == expected


def test_a_rate_that_may_be_what_is_kept_is_asked_about():
    (finding,) = findings(hidden(drop(0.9)), "R102")
    assert "10% of the values pass" in finding.message
    assert "is 0.1 meant?" in finding.fix
