"""Every public function and class is called with wrong values, one at a time.

The values follow from what its docstring says of each argument, so a new
argument is tried as soon as it is there.
"""

import pytest

from tests.fuzz import calls
from tests.fuzz.valid_calls import VALID
from tests.fuzz.world import World

pytestmark = pytest.mark.one_backend
CASES = [
    (name, argument)
    for name in sorted(VALID)
    for argument in calls.arguments(name)
    if calls.wrong_calls(name, argument)
]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("empty"))
        yield World()


def test_every_public_name_is_tried():
    assert sorted(VALID) == sorted(calls.EXPORTED)


def test_there_are_enough_cases():
    counts = [len(calls.wrong_calls(*case)) for case in CASES]
    assert sum(counts) >= 300


@pytest.mark.parametrize(
    ("name", "argument"), CASES, ids=["-".join(case) for case in CASES]
)
def test_a_wrong_value_is_refused_by_name(name, argument, world):
    assert calls.amiss(name, argument, world) == []
