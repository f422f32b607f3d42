"""The doctor finds what the examples of its rules are about."""

import keras
import numpy as np
import pytest

from keras_trainkit.callbacks.training_doctor import TrainingDoctor
from keras_trainkit.diagnostics.rules.training.programs import PROGRAMS

pytestmark = pytest.mark.one_backend


def doctored(source):
    keras.utils.set_random_seed(0)
    names = {"keras": keras, "np": np}
    exec(source, names)
    doctor = TrainingDoctor(verbose=0)
    settings = ("x", "y", "epochs", "batch_size", "validation_data")
    given = {name: names[name] for name in settings if name in names}
    names["model"].fit(**given, verbose=0, callbacks=[doctor])
    return doctor.report()


@pytest.mark.parametrize("code", PROGRAMS)
def test_the_fault_is_found(code):
    report = doctored(PROGRAMS[code]["bad"])
    assert report.select(code).findings
    assert not [key for key in report.summary if key.startswith("not looked")]


@pytest.mark.parametrize(
    "source", dict.fromkeys(p["good"] for p in PROGRAMS.values())
)
def test_nothing_is_wrong_with_the_repaired_ones(source):
    report = doctored(source)
    codes = {code for code, p in PROGRAMS.items() if p["good"] == source}
    assert report.ok
    assert codes.isdisjoint(finding.code for finding in report.findings)
