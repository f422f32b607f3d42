"""What layers show in training, without any `fit`."""

import numpy as np
import pytest

from tests.helpers.seen_training import UNSCALED
from tests.helpers.seen_training import WRONG_LOSS
from tests.helpers.seen_training import layer
from tests.helpers.seen_training import probe
from tests.helpers.seen_training import said
from tests.helpers.seen_training import seen
from tests.helpers.seen_training import subject

pytestmark = pytest.mark.one_backend
STUCK = {"loss": np.full(12, 0.6932)}
LEARNS = {"loss": np.linspace(0.69, 0.1, 12)}
DEAD = [probe(layers={"hidden": layer(dead=1.0)})]
HALF_DEAD = [probe(layers={"hidden": layer(dead=0.5)})]
MOSTLY_DEAD = [probe(layers={"hidden": layer(dead=0.92)})]
SATURATED = [probe(layers={"second": layer(saturated=0.95)})]
VANISHED = [probe(ratios={"hidden": 1e-9, "second": 1e-4, "out": 1e-2})]
EXPLODED = [probe(ratios={"hidden": 1e5, "second": 1.0, "out": 1.0})]
SLOW = [probe(pace={"hidden": 1e-6})]
FAST = [probe(pace={"hidden": 9.0})]
WARNING, ADVICE = "warning", "advice"
CASES = {
    "dead": ("D112", STUCK, DEAD, (WARNING, "activation")),
    "dead, learns": ("D112", LEARNS, DEAD, (ADVICE, "activation")),
    "mostly dead, learns": ("D112", LEARNS, MOSTLY_DEAD, None),
    "half dead": ("D112", STUCK, HALF_DEAD, None),
    "saturated": ("D113", STUCK, SATURATED, (WARNING, "activation")),
    "saturated, learns": ("D113", LEARNS, SATURATED, None),
    "vanished": ("D114", STUCK, VANISHED, (WARNING, "activation")),
    "vanished, learns": ("D114", LEARNS, VANISHED, None),
    "exploded": ("D115", STUCK, EXPLODED, (WARNING, "learning_rate")),
    "exploded, learns": ("D115", LEARNS, EXPLODED, None),
    "slow": ("D116", STUCK, SLOW, (WARNING, "learning_rate")),
    "fast": ("D116", STUCK, FAST, (WARNING, "learning_rate")),
    "slow, learns": ("D116", LEARNS, SLOW, None),
}


@pytest.mark.parametrize(
    "code, curve, probes, expected", CASES.values(), ids=CASES
)
def test_what_is_said_of_layers(code, curve, probes, expected):
    assert said(code, seen(probes=probes, **curve)) == expected


TOPICS = {
    "high rate": ("D112", DEAD, {"rate": 1.0}, "learning_rate"),
    "unscaled": ("D112", DEAD, {"causes": [UNSCALED]}, "preprocessing"),
    "saturated": ("D113", SATURATED, {"causes": [UNSCALED]}, "preprocessing"),
    "exploded": ("D115", EXPLODED, {"causes": [UNSCALED]}, "preprocessing"),
}


@pytest.mark.parametrize(
    "code, probes, given, topic", TOPICS.values(), ids=TOPICS
)
def test_the_topic_is_that_of_the_cause(code, probes, given, topic):
    assert said(code, seen(probes=probes, **STUCK, **given))[1] == topic


def test_nothing_is_said_before_the_first_epoch_or_of_narrow_layers():
    before = [probe(epoch=0, layers={"hidden": layer(dead=1.0)})]
    narrow = [probe(layers={"hidden": layer(dead=1.0, units=2)})]
    assert said("D112", seen(probes=before, **STUCK)) is None
    assert said("D112", seen(probes=narrow, **STUCK)) is None


NOTHING = {"hidden": 0.0, "second": 0.0, "out": 0.0}
HINGE = {"loss": np.zeros(2), "updates": 8}


@pytest.mark.parametrize(
    "ratios, moved, causes, expected",
    [
        (NOTHING, NOTHING, [], (WARNING, "loss")),
        (NOTHING, NOTHING, [UNSCALED], (WARNING, "preprocessing")),
        (NOTHING, NOTHING, [WRONG_LOSS], (WARNING, "loss")),
        ({**NOTHING, "out": 1e-9}, NOTHING, [], None),
        (NOTHING, {**NOTHING, "out": 1e-9}, [], None),
        ({}, NOTHING, [], None),
        (NOTHING, {}, [], None),
    ],
)
def test_no_gradient_at_all_needs_no_patience(ratios, moved, causes, expected):
    probes = [probe(ratios=ratios, moved=moved)]
    given = {"probes": probes, "causes": causes, **HINGE}
    assert said("D116", seen(about=subject(loss="hinge"), **given)) == expected
