"""The counting itself, on findings and programs made by hand."""

import types

import numpy as np
import pytest

from tests.corpus import held_out
from tests.corpus import score
from tests.corpus.program import Fault
from tests.corpus.program import Program

pytestmark = pytest.mark.one_backend


def found(severity, topic, where=""):
    return types.SimpleNamespace(severity=severity, topic=topic, where=where)


def program_with(*faults):
    return {"a": lambda: Program(None, faults=faults)}


ACTIVATION = Fault(("activation", "loss"), "dense_2", "")
MILD = Fault(("normalization",), "conv", "", mild=True)
RATE = Fault(("learning_rate",), "", "")


@pytest.mark.parametrize(
    "fault, findings, expected",
    [
        (ACTIVATION, [], (False, False, False)),
        (ACTIVATION, [found("error", "loss", "m/dense_2")], (True, True, True)),
        (
            ACTIVATION,
            [found("error", "loss", "m/dense_22")],
            (True, False, True),
        ),
        (ACTIVATION, [found("advice", "loss")], (False, False, True)),
        (
            ACTIVATION,
            [found("error", "data"), found("warning", "activation", "dense_2")],
            (True, True, False),
        ),
        (MILD, [found("advice", "normalization", "conv")], (True, True, True)),
        (RATE, [found("warning", "learning_rate")], (True, None, True)),
    ],
)
def test_a_fault_is_found_by_topic(fault, findings, expected):
    (result,) = score.score_faults(program_with(fault), lambda _: findings)
    assert (result.hit, result.layer, result.first) == expected


def test_each_fault_of_a_pair_counts():
    findings = [found("warning", "learning_rate")]
    scores = score.score_faults(
        program_with(RATE, ACTIVATION), lambda _: findings, {"a": "pairs"}
    )
    assert [s.hit for s in scores] == [True, False]
    assert score.missed(scores) == scores[1:]
    assert score.programs_named(scores) == {"a": True}
    head, *rows = score.fault_table(scores).splitlines()
    assert head.split() == ["family", "faults", "found", "layer", "first"]
    assert rows[0].split() == ["pairs", "2", "50%", "0%", "50%"]
    assert rows[1].split() == ["all", "2", "50%", "0%", "50%"]


def test_alarms_are_errors_and_warnings():
    findings = [found("error", "loss"), *[found("warning", "data")] * 2]
    findings += [found("advice", "data")]
    programs = {"sound": program_with()["a"], "calm": program_with()["a"]}
    answers = iter([findings, []])
    scores = score.score_alarms(programs, lambda _: next(answers))
    assert scores == [
        score.AlarmScore("sound", 1, 2),
        score.AlarmScore("calm", 0, 0),
    ]
    assert score.alarms_per_program(scores) == 1.5
    rows = score.alarm_table(scores).splitlines()[1:]
    assert [row.split() for row in rows] == [
        ["sound", "1", "2"],
        ["all", "2", "1", "2"],
    ]


def test_a_fault_needs_a_topic_that_exists():
    with pytest.raises(ValueError, match="Expected topics of"):
        Fault(("rate",), "", "")


NAN = float("nan")


@pytest.mark.parametrize(
    "task, y, predicted, expected",
    [
        ("classes", [0, 1, 1, 0], [[0.2], [0.9], [0.4], [0.1]], 0.75),
        ("classes", [0, 3, 7], [[0.3], [2.6], [5.0]], 2 / 3),
        ("classes", [0, 1], [[0.9, 0.1], [0.8, 0.2]], 0.5),
        ("classes", [[1, 0], [0, 1]], [[0.9, 0.1], [0.2, 0.8]], 1.0),
        ("classes", [[1, 0], [0, 1]], [[0.1], [0.8]], 1.0),
        ("labels", [[1, 0], [0, 1]], [[0.9, 0.8], [NAN, 0.8]], 0.75),
        ("regression", [[1.0], [3.0]], [[1.0], [3.0]], 1.0),
        ("regression", [1.0, 3.0], [[2.0], [2.0]], 0.0),
        ("regression", [[1.0], [3.0]], [[90.0], [3.0]], -1.0),
        ("regression", [[1.0], [3.0]], [[NAN], [3.0]], -1.0),
    ],
)
def test_the_held_out_score(task, y, predicted, expected):
    model = types.SimpleNamespace(
        predict=lambda x, verbose: np.array(predicted)
    )
    program = Program(model, validation_data=(None, np.array(y)), task=task)
    assert held_out.score(program) == pytest.approx(expected)
