import types

import pytest

from keras_trainkit.diagnostics.rules import others
from keras_trainkit.diagnostics.rules.others import told_by_others

pytestmark = pytest.mark.one_backend


def rule(code, severity=None, topic="data"):
    finding = types.SimpleNamespace(severity=severity, topic=topic)
    found = [] if severity is None else [finding]
    return types.SimpleNamespace(code=code, findings=lambda subject: found)


CASES = {
    "an error of any topic": ([rule("X101", "error", "loss")], True),
    "a warning of the topic": ([rule("X101", "warning")], True),
    "of another topic": ([rule("X101", "warning", "loss")], False),
    "advice": ([rule("X101", "advice")], False),
    "a symptom": ([rule("F101", "error"), rule("D101", "error")], False),
    "one that comes first": ([rule("F102", "advice")], True),
    "nothing": ([rule("X101"), rule("F102")], False),
}


@pytest.mark.parametrize("rules, expected", CASES.values(), ids=CASES)
def test_who_names_the_cause(monkeypatch, rules, expected):
    monkeypatch.setattr(others, "rules", lambda: rules)
    assert told_by_others(None, ("data",), ("F102",)) is expected
