"""The list of mutants that survive is read, and each has a reason."""

import pytest

from tests.mutation import explanations

pytestmark = pytest.mark.one_backend
NAME = "kernels/moments.py | NumberReplacer | if a | b:"


def test_a_line_is_a_mutant_and_a_reason():
    text = f"# A comment.\n\n{NAME} | it is the same\n"
    assert explanations.explained(text) == {NAME: "it is the same"}


@pytest.mark.parametrize("line", [NAME.rpartition(" | ")[0], f"{NAME} | "])
def test_a_line_without_a_reason_is_refused(line):
    with pytest.raises(ValueError, match="A line must be"):
        explanations.explained(line)


def test_the_committed_list_can_be_read():
    assert all(name.count(" | ") >= 2 for name in explanations.explained())
