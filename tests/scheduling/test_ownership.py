from functools import partial

import keras
import numpy as np
import pytest

from keras_trainkit.scheduling.ownership import Claim
from keras_trainkit.scheduling.ownership import second_curve
from keras_trainkit.scheduling.ownership import second_writer
from keras_trainkit.scheduling.ownership import set_by_another
from tests.helpers.arrays import to_numpy


def linear(position, xp, dtype):
    return position * 2 if xp is np else xp.cast(position * 2, dtype)


@pytest.fixture
def claim():
    return Claim("Tester", "learning_rate", None, linear)


def test_positions_are_measured_from_the_origin(claim):
    claim.origin = 10
    assert claim.on_host(13) == 6.0
    updates, origin, factor = map(keras.ops.array, (13, 10, 1.0))
    in_step = claim.in_step(updates, origin, factor, "float32")
    assert float(to_numpy(in_step)) == 6.0


def test_origin_and_factor_are_no_constants_of_a_step():
    one, other = (Claim("A", "momentum", "beta_1", linear) for _ in range(2))
    one.start(3, updates=5)
    one.set_factor("a", 0.5, updates=5)
    assert one.constants() == other.constants()


def test_a_curve_that_cannot_be_compared_is_like_no_other():
    curve = partial(linear, keras.Variable(1.0))
    one, other = (Claim("A", "momentum", "beta_1", curve) for _ in range(2))
    assert one.constants() == one.constants()
    assert one.constants() != other.constants()


@pytest.mark.parametrize("updates", [0, 1023, 1024, 5000, 2**40])
def test_every_position_is_found_on_the_host(claim, updates):
    assert claim.on_host(updates) == 2.0 * updates


def test_a_curve_may_be_a_constant_number(claim):
    claim.curve = lambda position, xp, dtype: 0.5
    assert claim.on_host(7) == 0.5


def of_three(position, xp, dtype):
    return np.array([0.3, 0.2, 0.1])[position]


def test_a_curve_may_end_with_the_run(claim):
    claim.curve = of_three
    assert [claim.on_host(updates) for updates in range(3)] == [0.3, 0.2, 0.1]
    assert not claim.constant()
    with pytest.raises(IndexError):
        claim.on_host(3)


def test_factors_multiply(claim):
    claim.set_factor("a", 1.0, updates=0)
    claim.set_factor("b", 0.1, updates=0)
    claim.set_factor("a", 0.5, updates=0)
    assert claim.factor == pytest.approx(0.05)
    assert claim.on_host(10) == pytest.approx(1.0)


def test_a_factor_before_the_start_holds_from_the_start_on(claim):
    claim.set_factor("a", 0.5, updates=7)
    assert not claim.started
    claim.start(2, updates=4)
    np.testing.assert_array_equal(claim.trace(5), [2.0])


@pytest.mark.parametrize(
    "curve, constant",
    [(linear, False), (lambda position, xp, dtype: 0.5, True)],
)
def test_a_constant_is_told_from_a_curve(claim, curve, constant):
    claim.curve = curve
    assert claim.constant() is constant


def test_a_trace_uses_each_factor_from_its_position_on(claim):
    claim.factor_changes = [(2, 1.0), (4, 0.5)]
    np.testing.assert_array_equal(claim.positions(6), [2, 3, 4, 5])
    np.testing.assert_array_equal(claim.trace(6), [4.0, 6.0, 4.0, 5.0])


def test_of_two_changes_at_one_position_the_later_holds(claim):
    claim.factor_changes = [(0, 1.0), (1, 0.5), (1, 0.25)]
    np.testing.assert_array_equal(claim.trace(3), [0.0, 0.5, 1.0])


def test_a_curve_that_never_began_has_an_empty_trace(claim):
    assert claim.trace(8).shape == (0,)


def test_a_run_without_updates_has_an_empty_trace(claim):
    claim.factor_changes = [(3, 1.0)]
    assert claim.trace(3).shape == (0,)


@pytest.mark.parametrize(
    "attribute, found, held",
    [(None, False, False), (None, True, True), ("attribute", True, False)],
    ids=["a curve", "a plain rate", "a compiled schedule"],
)
def test_what_was_found_is_told_from_a_curve(attribute, found, held):
    claim = Claim("Tester", "learning_rate", attribute, linear, found=found)
    assert (claim.found, claim.held) == (found, held)


@pytest.mark.parametrize(
    "error, message",
    [
        (lambda c: second_curve(c, "Other"), "Other wants it, but Tester has"),
        (lambda c: second_writer(c), "to be left to Tester during this `fit`"),
        (lambda c: set_by_another([c], "model.optimizer"), "left to Tester"),
    ],
)
def test_an_error_names_the_owner(claim, error, message):
    assert message in str(error(claim))
