"""Faults planted by those who wrote the rules: every one is found."""

import pytest

from keras_trainkit.diagnostics import check_model
from tests.corpus.known_faults import PROGRAMS

pytestmark = pytest.mark.one_backend


def names(finding, fault):
    """Whether a finding has the fault's topic and, if it has one, layer."""
    where = fault.where in ("", *finding.where.split("/"))
    return finding.topic in fault.topics and where


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_fault_is_found_with_its_topic_and_layer(name):
    program = PROGRAMS[name]()
    report = check_model(
        program.model,
        program.x,
        program.y,
        batch_size=program.batch_size,
        epochs=program.epochs,
        validation_data=program.validation_data,
    )
    missed = [
        fault
        for fault in program.faults
        if not any(names(finding, fault) for finding in report.findings)
    ]
    assert missed == [], report
    # It is told once, and perhaps what follows from it.
    alarms = [one for one in report.findings if one.severity != "advice"]
    assert len(alarms) <= 2 + len(program.faults), report
