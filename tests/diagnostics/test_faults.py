"""Findings on batches that were not finite."""

import pytest

from keras_trainkit.diagnostics.faults import fault_in_words
from keras_trainkit.diagnostics.faults import fault_report

pytestmark = pytest.mark.one_backend


def fault(*kinds, **others):
    return {
        "epoch": 2,
        "batch": 7,
        "kinds": list(kinds),
        "undone": 1,
        "rates": ("0.1", "0.05"),
        "restored": False,
    } | others


TOPICS = {
    "data": (["loss", "gradient", "data"], "G104", "data"),
    "loss": (["loss", "gradient"], "G101", "numerics"),
    "gradient": (["gradient"], "G102", "numerics"),
    "statistics": (["statistics"], "G103", "numerics"),
}


@pytest.mark.parametrize("name", TOPICS)
def test_the_first_cause_is_named(name):
    kinds, code, topic = TOPICS[name]
    [finding] = fault_report([fault(*kinds)], stopped=False).findings
    assert (finding.code, finding.topic) == (code, topic)
    assert finding.severity == "warning"
    assert "2/7" in finding.message and "0.1 to 0.05" in finding.message
    assert finding.docs.endswith(f"/docs/checks.md#{code.lower()}")
    report = fault_report([fault(*kinds)], stopped=False)
    assert report.select(code).findings == (finding,)


def test_faults_of_one_kind_are_one_finding():
    faults = [fault("loss", batch=i, undone=2) for i in range(7)]
    [finding] = fault_report(faults, stopped=True).findings
    assert finding.severity == "error"
    assert "14 batches were undone" in finding.message
    assert "2/4, ..." in finding.message


def test_no_fault_is_an_empty_report():
    assert fault_report([], stopped=False).ok


def test_a_line_says_where_and_what_was_done():
    line = fault_in_words(fault("gradient", restored=True, rates=None))
    assert line == (
        "epoch 2, batch 7: a gradient was not finite; 1 batch was undone, "
        "the state of an earlier epoch put back"
    )
