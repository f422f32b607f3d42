"""Labels of units that stay, or go, together."""

import numpy as np
import pytest

from keras_trainkit.compression.shrinking.units import Ties

pytestmark = pytest.mark.one_backend


def test_ties_reach_over_several_merges():
    ties = Ties()
    a, b, c = ties.fresh(3), ties.fresh(3), ties.fresh(3)
    ties.tie(a, b)
    ties.tie(b, c, "sum")
    roots = [ties.roots(one).tolist() for one in (a, b, c)]
    assert roots[0] == roots[1] == roots[2]
    assert len(set(roots[0])) == 3


def test_reasons_follow_what_they_were_noted_for():
    ties = Ties()
    a, b = ties.fresh(2), ties.fresh(2)
    ties.pin(b[:1], "read by something")
    ties.pin(b, "too late for the first")
    ties.tie(a, b, "sum")
    pins = ties.at_roots(ties.pins)
    assert [pins[one] for one in ties.roots(a)] == [
        "read by something",
        "too late for the first",
    ]
    assert set(ties.at_roots(ties.tied_by).values()) == {"sum"}


def test_a_unit_that_is_repeated_is_one():
    ties = Ties()
    a, b = ties.fresh(2), ties.fresh(1)
    ties.tie(np.array([a[0], a[0]]), np.array([b[0], a[1]]))
    assert len(set(ties.roots(np.concatenate([a, b])))) == 1
