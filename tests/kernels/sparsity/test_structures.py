"""Masks of every structure, against NumPy in float64."""

import itertools

import numpy as np
import pytest

from keras_trainkit.kernels.sparsity import structures
from tests.helpers.arrays import to_numpy

RNG = np.random.default_rng(3)
CONV = RNG.normal(size=(2, 3, 8, 5)).astype("float32")
DENSE = RNG.integers(-2, 3, size=(8, 6)).astype("float32")
NONE = {
    "conv": np.zeros(CONV.shape, bool),
    "dense": np.zeros(DENSE.shape, bool),
}


def first(values, count):
    order = np.argsort(values.ravel().astype("float64"), kind="stable")
    marked = np.zeros(values.size, bool)
    marked[order[:count]] = True
    return marked.reshape(values.shape)


@pytest.mark.parametrize("count", [0, 17, 47])
def test_scattered_weights_with_many_equal(count):
    pruned = to_numpy(structures.scattered(DENSE, NONE["dense"], count))
    np.testing.assert_array_equal(pruned, first(np.abs(DENSE), count))


def test_one_threshold_over_all():
    pruned = structures.over_all([CONV, DENSE], list(NONE.values()), 100)
    flat = np.concatenate([np.abs(CONV).ravel(), np.abs(DENSE).ravel()])
    both = np.concatenate([to_numpy(one).ravel() for one in pruned])
    np.testing.assert_array_equal(both, first(flat, 100))
    assert [one.shape for one in map(to_numpy, pruned)] == [
        CONV.shape,
        DENSE.shape,
    ]


def kept_most(group):
    """Tries all pairs that a group of four can keep; the last of equal."""
    pairs = itertools.combinations(range(4), 2)
    return max(pairs, key=lambda pair: (np.abs(group[list(pair)]).sum(), pair))


@pytest.mark.parametrize(
    ("weight", "incoming"),
    [(CONV, (0, 1, 2)), (CONV.transpose(0, 1, 3, 2), (0, 1, 3)), (DENSE, (0,))],
    ids=["conv", "transposed", "dense"],
)
def test_two_of_four_keeps_the_most_of_each_group(weight, incoming):
    order = [i for i in range(weight.ndim) if i not in incoming]
    groups = weight.transpose([*order, *incoming]).reshape(-1, 4)
    wanted = np.ones(groups.shape, bool)
    for row, group in zip(wanted, groups, strict=True):
        row[list(kept_most(group))] = False
    none = np.zeros(weight.shape, bool)
    pruned = structures.two_of_four(weight, none, len(groups), incoming)
    pruned = to_numpy(pruned).transpose([*order, *incoming]).reshape(-1, 4)
    np.testing.assert_array_equal(pruned, wanted)


def test_those_groups_go_first_that_lose_least():
    weight = np.array([[9, 1, 1, 9], [9, 3, 0, 9], [9, 1, 0, 9]], "float32").T
    none = np.zeros(weight.shape, bool)
    one = to_numpy(structures.two_of_four(weight, none, 1, (0,)))
    assert one.any(axis=0).tolist() == [False, False, True]
    two = to_numpy(structures.two_of_four(weight, one, 2, (0,)))
    assert two.any(axis=0).tolist() == [True, False, True]
    assert two.sum() == 4


def test_units_by_their_norm():
    norms = np.sqrt(np.square(CONV, dtype="float64").sum((0, 1, 2)))
    dead = structures.whole_units(CONV, NONE["conv"], 2, (0, 1, 2))
    np.testing.assert_array_equal(to_numpy(dead), first(norms, 2))


CASES = {
    "scattered": lambda w, pruned, n: structures.scattered(w, pruned, n),
    "over_all": lambda w, pruned, n: structures.over_all([w], [pruned], n)[0],
    "units": lambda w, pruned, n: np.broadcast_to(
        to_numpy(structures.whole_units(w, pruned, n // 8, (0,))), w.shape
    ),
    "fours": lambda w, pruned, n: structures.two_of_four(
        w, pruned, n // 4, (0,)
    ),
}


@pytest.mark.parametrize("prune", CASES.values(), ids=CASES)
def test_what_is_pruned_stays_so(prune):
    before = to_numpy(prune(DENSE, NONE["dense"], 24))
    # What was pruned now has the largest magnitudes.
    weight = np.where(before, 100, DENSE).astype("float32")
    fewer, more = (to_numpy(prune(weight, before, n)) for n in (8, 40))
    np.testing.assert_array_equal(fewer, before)
    assert more[before].all() and more.sum() > before.sum()
