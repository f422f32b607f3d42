import numpy as np
import pytest

from keras_trainkit.diagnostics import Finding
from tests.helpers.examples import EXAMPLES
from tests.helpers.examples import load_script

script = load_script(EXAMPLES / "getting_unstuck.py")
# How repairs are made is tested on every backend elsewhere.
pytestmark = pytest.mark.one_backend
NAMES = [one.fault for one in script.PATIENTS]


@pytest.fixture(scope="module")
def quick():
    return script.main(["--quick"])


@pytest.mark.parametrize("patient", script.PATIENTS, ids=NAMES)
def test_the_fault_is_named_and_can_be_repaired(patient):
    report = script.examine(patient, patient.make(), patient.data()[0])
    assert report.most_likely.topic in patient.topics
    assert report.most_likely.repairs


def test_no_row_is_trained_on_and_tested():
    (x, _), (x_test, _) = script.PATIENTS[0].data()
    seen = {row.tobytes() for row in x}
    # Four of the images are in scikit-learn's data twice.
    assert sum(row.tobytes() in seen for row in x_test) <= 4


def test_both_are_trained(quick):
    assert len(quick) == 3
    scores = [*quick[0].before, *quick[0].after]
    assert len(scores) == 2 and all(0 <= one <= 1 for one in scores)


def test_the_table_says_what_was_named_and_gained():
    patient = script.PATIENTS[0]
    right = Finding("L103", "error", "activation", "", "", "a | b")
    wrong = Finding("R101", "error", "regularization", "", "", "c")
    results = [
        script.Result(patient, right, [0.25, 0.75], [0.8, 1.0]),
        script.Result(patient, wrong, [0.5], []),
        script.Result(patient, None, [0.5], []),
    ]
    lines = script.table(results).splitlines()
    assert lines[2].endswith("L103 activation | a \\| b | 0.500 | 0.900 |")
    assert "R101 regularization (wrong)" in lines[3]
    assert "| nothing |" in lines[4]
    assert "named in 1 of 3" in lines[-1] and "score in 1." in lines[-1]
    assert np.mean(results[0].after) > np.mean(results[0].before)


def test_no_seeds_are_refused(capsys):
    with pytest.raises(SystemExit):
        script.parse(["--seeds", "0"])
    assert "--seeds must be at least 1" in capsys.readouterr().err
