"""Against means of the losses near each rate, taken one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_trainkit.kernels.curves.search_passes import mean_curve

RATES = np.geomspace(1e-3, 1.0, 7)


def a_pass(steps, end=None, seed=0):
    rates = np.geomspace(1e-3, 1.0, steps)[:end]
    return rates, np.random.default_rng(seed).normal(size=len(rates))


def by_hand(passes, bins):
    """Returns the mean loss near each of the first rates, one by one."""
    grid = np.log(passes[0][0])
    nearest = [np.abs(np.log(r)[:, None] - grid).argmin(1) for r, _ in passes]
    losses = np.concatenate([loss for _, loss in passes])
    nearest = np.concatenate(nearest)
    return [losses[nearest == i].mean() for i in range(bins)]


def test_of_one_pass_it_is_the_pass():
    rates, losses = mean_curve([a_pass(7)])
    np.testing.assert_array_equal(rates, a_pass(7)[0])
    np.testing.assert_array_equal(losses, a_pass(7)[1])


@pytest.mark.parametrize("more", [(7,), (14,), (14, 28), (5,)])
def test_every_loss_counts_once_at_its_nearest_rate(more):
    passes = [a_pass(steps, seed=steps) for steps in (7, *more)]
    rates, losses = mean_curve(passes)
    np.testing.assert_allclose(rates, RATES)
    np.testing.assert_allclose(losses, by_hand(passes, 7))


ENDS = {
    "the first ended first": ([a_pass(7, 4), a_pass(14)], 4),
    "the second ended first": ([a_pass(7), a_pass(14, 8)], 4),
    "the first made no more than two": ([a_pass(7, 2), a_pass(14)], 2),
}


@pytest.mark.parametrize("passes, end", ENDS.values(), ids=ENDS)
def test_the_curve_ends_where_the_first_of_the_passes_did(passes, end):
    rates, losses = mean_curve(passes)
    np.testing.assert_allclose(rates, RATES[:end])
    last = (RATES[end - 1] * RATES[end]) ** 0.5
    cut = [(r[r < last], loss[r < last]) for r, loss in passes]
    np.testing.assert_allclose(losses, by_hand(cut, end))


def test_a_loss_that_is_not_finite_stays_so():
    first, (rates, losses) = a_pass(7), a_pass(14, 10)
    losses[-1] = np.inf
    means = mean_curve([first, (rates, losses)])[1]
    assert np.isfinite(means[:-1]).all() and means[-1] == np.inf


@given(st.floats(-100, 100), st.integers(7, 40))
def test_a_constant_stays_itself(value, steps):
    passes = [(a_pass(n)[0], np.full(n, value)) for n in (7, steps)]
    np.testing.assert_allclose(mean_curve(passes)[1], value, rtol=1e-12)
