import pytest

from keras_trainkit.diagnostics.facts.passes.overfitting import Overfitting
from keras_trainkit.diagnostics.rules import first_training
from keras_trainkit.diagnostics.rules.registry import rules

pytestmark = pytest.mark.one_backend

SEEN = {
    "learnt": (Overfitting(16, 400, 1.0, 0.1, True), []),
    "nothing proved": (None, []),
    "the rate": (
        Overfitting(16, 400, 1.0, 0.9, False, 0.1, True),
        ["learning_rate"],
    ),
    "the network": (
        Overfitting(16, 400, 1.0, 0.9, False, 0.8, False),
        ["architecture"],
    ),
}


class Subject:
    overfit = True

    def has(self, need):
        return True


@pytest.mark.parametrize("seen, topics", SEEN.values(), ids=SEEN)
def test_what_an_attempt_says(monkeypatch, seen, topics):
    monkeypatch.setattr(first_training, "overfitting", lambda subject: seen)
    (rule,) = (one for one in rules() if one.code == "F110")
    found = rule.findings(Subject())
    assert [one.topic for one in found] == topics
    assert all("0.9" in one.message for one in found)


def test_only_where_it_is_asked_for():
    (rule,) = (one for one in rules() if one.code == "F110")
    subject = Subject()
    subject.overfit = False
    assert rule.findings(subject) == []
