"""Trainings that come to nothing, without any `fit`."""

import numpy as np
import pytest

from keras_trainkit.diagnostics.facts.training import NotFinite
from tests.helpers.seen_training import UNSCALED
from tests.helpers.seen_training import WRONG_LOSS
from tests.helpers.seen_training import found
from tests.helpers.seen_training import probe
from tests.helpers.seen_training import said
from tests.helpers.seen_training import seen

pytestmark = pytest.mark.one_backend
FLAT = np.full(12, 0.6932)
NAN = float("nan")
BLOWN = {"weights": ("hidden",), "layer": "second", "replayed": 3}
CASES = {
    "of the inputs": ({"bad_inputs": 2}, {}, "data"),
    "of the targets": ({"bad_targets": 2}, {}, "data"),
    "of the rate": (BLOWN, {"rate": 1.0}, "learning_rate"),
    "of the scale": (BLOWN, {"causes": [UNSCALED]}, "preprocessing"),
    "of the loss": ({}, {}, "loss"),
    "of what was not looked at": ({"probed": False}, {}, "numerics"),
    "of a layer": ({**BLOWN, "replayed": 0}, {}, "numerics"),
    "of the gradient": (
        {"weights": ("out",), "replayed": 0},
        {"rate": 1.0},
        "numerics",
    ),
    "of an error": (BLOWN, {"causes": [WRONG_LOSS]}, "loss"),
}


@pytest.mark.parametrize("found_out, given, topic", CASES.values(), ids=CASES)
def test_why_a_loss_is_not_finite(found_out, given, topic):
    about = seen([0.7, NAN], **given)
    about.training.not_finite = NotFinite(1, 4, NAN, **found_out)
    (finding,) = found("D101", about)
    assert (finding.severity, finding.topic) == ("error", topic)
    assert "batch 5 of epoch 2" in finding.message


def test_the_first_layer_is_named():
    about = seen([0.7, NAN], rate=1.0)
    about.training.not_finite = NotFinite(1, None, NAN, **BLOWN)
    (finding,) = found("D101", about)
    assert finding.where == "second" and "3 plain gradient" in finding.message


@pytest.mark.parametrize(
    "last, topic", [(0.8, "numerics"), (1e6, "preprocessing")]
)
def test_outputs_that_overflow_after_steps_too_long(last, topic):
    probes = [probe(epoch=0, ratios={"out": 1.0}), probe(epoch=1)]
    about = seen([last, NAN], probes=probes, causes=[UNSCALED])
    about.training.not_finite = NotFinite(1, 0, NAN, **{**BLOWN, "replayed": 0})
    assert said("D101", about) == ("error", topic)


@pytest.mark.parametrize(
    "given, expected",
    [
        ({"rate": 0.01}, "learning_rate"),
        ({"causes": [UNSCALED]}, "preprocessing"),
        ({"accuracy": np.full(12, 0.9)}, None),
        ({"val_loss": np.full(12, 0.3)}, None),
        ({"updates": 40}, None),
    ],
    ids=["no cause", "a cause", "accurate", "valid", "too few updates"],
)
def test_no_better_than_a_constant(given, expected):
    result = said("D102", seen(FLAT, **given))
    assert result == (expected and ("warning", expected))
