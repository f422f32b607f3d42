import pytest

from keras_trainkit.diagnostics.rules import registry
from keras_trainkit.diagnostics.rules.registry import FAMILIES
from keras_trainkit.diagnostics.rules.registry import Rule
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rules

pytestmark = pytest.mark.one_backend


class Knows:
    """A subject that has what it is told."""

    def __init__(self, *needs):
        self.needs = needs

    def has(self, need):
        return need in self.needs


def look(subject):
    yield found("layer", "seen", "do")
    yield found("", "seen", "do", severity="error", topic="data")


RULE = Rule("A101", "n", "loss", "advice", 0.3, ("sample",), "", "", "", look)


def test_what_a_finding_does_not_say_is_the_rules():
    first, second = RULE.findings(Knows("sample", "graph"))
    assert (first.code, first.topic, first.severity) == (
        "A101",
        "loss",
        "advice",
    )
    assert (first.confidence, first.where) == (0.3, "layer")
    assert (second.topic, second.severity) == ("data", "error")
    assert first.docs.endswith("checks.md#a101")


def test_a_rule_without_what_it_needs_is_silent():
    assert RULE.findings(Knows("graph")) == []


def test_a_code_is_one_rules_own():
    code = rules()[0].code
    with pytest.raises(ValueError, match=f"Two rules have the code {code}"):
        registry.rule(code, "another", "loss", "advice", 0.1)(look)


def test_the_rules_come_in_the_order_of_their_families():
    letters = [one.code[0] for one in rules()]
    order = list(FAMILIES)
    assert [order.index(one) for one in letters] == sorted(
        order.index(one) for one in letters
    )
    assert set(letters) == set(FAMILIES)
