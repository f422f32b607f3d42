import pytest

from keras_trainkit.diagnostics.finding import TOPICS
from keras_trainkit.diagnostics.steps.procedure import PROCEDURE
from keras_trainkit.diagnostics.steps.signs import SIGNS

pytestmark = pytest.mark.one_backend
NAMES = [one.step.name for one in PROCEDURE]


def test_no_experiment_is_listed_twice():
    assert len(set(NAMES)) == len(NAMES) == 11


@pytest.mark.parametrize("experiment", PROCEDURE, ids=NAMES)
def test_each_is_told_in_full_and_speaks_of_known_things(experiment):
    step = experiment.step
    assert step.what and step.why and step.expect
    compile(step.code, step.name, "exec")
    assert max(len(line) for line in step.code.splitlines()) <= 77
    assert set(experiment.topics) <= set(TOPICS)
    assert set(experiment.signs) <= set(SIGNS)


@pytest.mark.parametrize("sign", SIGNS)
def test_each_sign_speaks_for_an_experiment(sign):
    assert any(sign in one.signs for one in PROCEDURE)
