"""Every two values meet, in fewer cases than the full product has."""

import itertools

import pytest

from tests.helpers import pairwise

pytestmark = pytest.mark.one_backend

SIZES = {
    "two": ((3, 4), 12),
    "three": ((2, 2, 2), 4),
    "of a kind": ((3, 3, 3), 11),
    "uneven": ((2, 5, 3), 15),
    "many": ((3,) * 6, 20),
    "one value": ((1, 4, 2), 8),
}


def features(sizes):
    return [[f"{place}{value}" for value in range(size)]
            for place, size in enumerate(sizes)]  # fmt: skip


def met(cases):
    return {pair for case in cases for pair in itertools.combinations(case, 2)}


@pytest.mark.parametrize("sizes, most", SIZES.values(), ids=SIZES)
def test_every_two_values_meet_in_few_cases(sizes, most):
    values = features(sizes)
    cases = pairwise.cases(*values)
    assert met(cases) == met(itertools.product(*values))
    assert len(cases) == len(set(cases)) <= most


def test_each_case_has_a_value_of_each_feature_in_its_place():
    values = features((2, 5, 3))
    cases = pairwise.cases(*values)
    assert set(cases) <= set(itertools.product(*values))


def test_the_cases_are_always_the_same():
    values = features((3, 4, 2, 2))
    assert pairwise.cases(*values) == pairwise.cases(*values)


def test_values_need_not_be_hashable_and_a_dictionary_gives_its_keys():
    cases = pairwise.cases([{}, []], {"a": 1, "b": 2})
    assert cases == [({}, "a"), ({}, "b"), ([], "a"), ([], "b")]
