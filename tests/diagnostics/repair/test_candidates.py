import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics import Finding
from keras_trainkit.diagnostics import Repair
from keras_trainkit.diagnostics import Report
from keras_trainkit.diagnostics.repair.candidate import Candidate
from keras_trainkit.diagnostics.repair.candidates import candidates
from keras_trainkit.diagnostics.repair.plan import Patient

pytestmark = pytest.mark.one_backend

X = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")
ONE = Repair("epochs", 3)
OTHER = Repair("activation", "relu", "head")


@pytest.fixture(scope="module")
def patient():
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(1, "sigmoid", name="head")]
    )
    model.compile("adam", "binary_crossentropy")
    return Patient(model, X, np.arange(20) % 2)


def finding(code, severity, *repairs):
    return Finding(code, severity, "loss", "", "", "", repairs=repairs)


def test_findings_come_before_what_is_usual_and_advice_last(patient):
    report = Report(
        [
            finding("L101", "error", ONE),
            finding("L102", "warning", OTHER),
            finding("L103", "warning"),
            finding("L104", "advice", Repair("shuffle", True)),
        ]
    )
    names = [one.name for one in candidates(patient, report)]
    assert names[0] == "all errors and warnings"
    assert names.index("L101 epochs 3") < names.index("L102 activation relu")
    assert names.index("L102 activation relu") < names.index("standardise")
    assert names[-1] == "L104 shuffle True"


def test_together_are_all_that_do_not_contradict(patient):
    report = Report(
        [
            finding("L101", "error", ONE),
            finding("L102", "warning", Repair("epochs", 9)),
            finding("L103", "warning", OTHER),
        ]
    )
    first = candidates(patient, report)[0]
    assert set(first.repairs) == {ONE, OTHER}


def test_nothing_is_tried_twice(patient):
    report = Report([finding("L101", "error", Repair("standardize"))])
    keys = [
        frozenset((r.kind, r.where, repr(r.value)) for r in one.repairs)
        for one in candidates(patient, report)
    ]
    assert len(keys) == len(set(keys))


def test_a_candidate_and_another():
    one, other = Candidate("one", (ONE,)), Candidate("other", (ONE, OTHER))
    assert one.also(other).repairs == (ONE, OTHER)
    assert one.also(other).name == "one + other"
    assert one.also(Candidate("third", (Repair("epochs", 4),))) is None
