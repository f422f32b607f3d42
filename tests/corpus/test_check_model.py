"""What the check finds in the corpus, and what it calls broken.

`benchmarks/check_model.py` prints the same, family by family.
"""

import functools

import keras
import pytest

from keras_trainkit.diagnostics import check_model
from tests.corpus import planted_faults
from tests.corpus import real_programs
from tests.corpus import score
from tests.corpus import sound_models

pytestmark = pytest.mark.one_backend


def findings_on(program):
    """Returns the findings of the check on a `Program`."""
    report = check_model(
        program.model,
        program.x,
        program.y,
        batch_size=program.batch_size,
        epochs=program.epochs,
        validation_data=program.validation_data,
    )
    return report.findings


@functools.cache
def scores_of(package, advice=False):
    keras.utils.set_random_seed(0)
    return score.score_faults(package.PROGRAMS, findings_on, advice=advice)


def test_sound_programs_are_let_through():
    keras.utils.set_random_seed(0)
    assert len(sound_models.PROGRAMS) >= 40
    scores = score.score_alarms(sound_models.PROGRAMS, findings_on)
    assert sum(one.errors for one in scores) == 0, score.alarm_table(scores)
    called = [one for one in scores if one.warnings]
    assert len(called) <= len(scores) / 20, score.alarm_table(scores)


def test_faults_planted_without_knowing_the_rules_are_found():
    scores = scores_of(planted_faults, advice=True)
    assert len(scores) >= 100
    found = [one.hit and one.layer is not False for one in scores]
    assert score.share(found) >= 0.95, score.missed(scores)


def test_a_right_fault_is_named_in_real_programs():
    named = score.programs_named(scores_of(real_programs)).values()
    assert len(named) >= 30
    assert score.share(named) >= 0.8, score.missed(scores_of(real_programs))


def test_a_repaired_program_has_at_most_one_alarm_left():
    keras.utils.set_random_seed(0)
    scores = score.score_alarms(real_programs.REPAIRED, findings_on)
    assert score.alarms_per_program(scores) <= 1, score.alarm_table(scores)
