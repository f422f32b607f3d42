import dataclasses
import json

import pytest

from keras_trainkit.diagnostics.finding import Finding
from keras_trainkit.diagnostics.finding import Repair

pytestmark = pytest.mark.one_backend

FINDING = Finding("L101", "error", "loss", "head", "seen", "write this")


def test_the_worst_and_likeliest_comes_first():
    likelier = dataclasses.replace(FINDING, confidence=0.9, code="L102")
    warning = dataclasses.replace(FINDING, severity="warning", confidence=1.0)
    ranked = sorted([warning, FINDING, likelier], key=lambda one: one.rank)
    assert ranked == [likelier, FINDING, warning]


@pytest.mark.parametrize("field", ["severity", "topic"])
def test_other_words_are_refused(field):
    with pytest.raises(ValueError, match=f"`{field}` must be one of"):
        dataclasses.replace(FINDING, **{field: "bad luck"})


def test_a_finding_comes_back_from_json():
    given = dataclasses.replace(FINDING, repairs=(Repair("activation"),))
    found = Finding(**json.loads(json.dumps(dataclasses.asdict(given))))
    assert {found} == {given}


def test_another_repair_is_refused():
    with pytest.raises(ValueError, match="`kind` must be one of"):
        Repair("pray")
