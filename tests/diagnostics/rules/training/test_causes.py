"""Which cause is given for no progress, without any `fit`."""

import numpy as np
import pytest

from keras_trainkit.diagnostics.finding import Finding
from keras_trainkit.diagnostics.rules.training.causes import causes
from keras_trainkit.diagnostics.rules.training.causes import rate_is
from tests.helpers.seen_training import UNSCALED
from tests.helpers.seen_training import WRONG_LOSS
from tests.helpers.seen_training import layer
from tests.helpers.seen_training import probe
from tests.helpers.seen_training import seen
from tests.helpers.seen_training import subject

pytestmark = pytest.mark.one_backend
FLAT = np.full(12, 0.6932)
RELU = {"last": "relu", "loss": "mean_squared_error"}
DEAD = {"layers": {"hidden": layer(dead=1.0)}}
SATURATED = {"layers": {"second": layer(saturated=1.0)}}
VANISHED = {"hidden": 1e-9, "second": 1e-4, "out": 1.0}
FIRST = probe(epoch=0, **SATURATED)
TINY = Finding(
    "I1", "warning", "initialization", "hidden", "tiny", "he", confidence=0.4
)
UNTOLD = []
CASES = {
    "an error": ({"causes": [UNSCALED, WRONG_LOSS]}, {}, "loss"),
    "inputs": ({"causes": [UNSCALED]}, DEAD, "preprocessing"),
    "dead": ({}, DEAD, "activation"),
    "dead, high": ({"rate": 1.0}, DEAD, "learning_rate"),
    "saturated": ({}, SATURATED, "activation"),
    "saturated, high": ({"rate": 1.0}, SATURATED, "learning_rate"),
    "unmoved": ({"rate": 1e-6}, {"moved": {"out": 1e-4}}, "learning_rate"),
    "unmoved, vanished": (
        {},
        {"moved": {"out": 1e-4}, "ratios": VANISHED},
        "activation",
    ),
    "unmoved, vanished, as was said": (
        {"causes": [TINY]},
        {"moved": {"out": 1e-4}, "ratios": VANISHED},
        "initialization",
    ),
    "thrown": ({}, {"moved": {"out": 50.0}}, "learning_rate"),
    "nothing": ({}, {}, None),
}


@pytest.mark.parametrize("given, looks, topic", CASES.values(), ids=CASES)
def test_the_likeliest_cause(given, looks, topic):
    probes = [probe(epoch=0), probe(**looks)]
    likely = causes(seen(FLAT, probes=probes, **given))
    assert (likely[0].topic if likely else None) == topic


def test_saturation_from_the_start_is_not_the_rate_s():
    probes = [FIRST, probe(**SATURATED)]
    likely = causes(seen(FLAT, rate=1.0, probes=probes))
    assert "activation" in [cause.topic for cause in likely]


def test_outputs_on_the_bound_of_a_relu():
    about = subject(**RELU)
    outputs = np.zeros((64, 1))
    likely = causes(seen(FLAT, about=about, probes=[probe(outputs=outputs)]))
    assert (likely[0].topic, likely[0].where) == ("activation", "out")


def test_a_loss_that_swings():
    swings = 1 + 0.6 * (-1.0) ** np.arange(16)
    assert causes(seen(swings))[0].topic == "learning_rate"


RATES = {
    "sgd": [(1e-5, "low"), (0.01, None), (1.0, "high")],
    "adam": [(1e-7, "low"), (0.001, None), (0.1, "high")],
    "adadelta": [(0.001, "low"), (1.0, None)],
}
PAIRS = [(name, *pair) for name, pairs in RATES.items() for pair in pairs]


@pytest.mark.parametrize("optimizer, rate, expected", PAIRS)
def test_customary_rates(optimizer, rate, expected):
    about = subject(optimizer=optimizer)
    assert rate_is(seen(FLAT, rate=rate, about=about)) == expected
