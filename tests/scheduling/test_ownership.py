import keras
import numpy as np
import pytest

from keras_trainkit.scheduling.found_rate import FoundRate
from keras_trainkit.scheduling.ownership import Claim
from tests.helpers.arrays import to_numpy


def linear(position, xp, dtype):
    return position * 2 if xp is np else xp.cast(position * 2, dtype)


@pytest.fixture
def claim():
    return Claim("Tester", "learning_rate", None, linear)


def test_positions_are_measured_from_the_origin(claim):
    claim.origin = 10
    assert claim.on_host(13) == 6.0
    assert float(to_numpy(claim.in_step(keras.ops.array(13), "float32"))) == 6.0


@pytest.mark.parametrize("updates", [0, 1023, 1024, 5000, 2**40])
def test_every_position_is_found_on_the_host(claim, updates):
    assert claim.on_host(updates) == 2.0 * updates


def test_a_curve_may_be_a_constant_number(claim):
    claim.curve = lambda position, xp, dtype: 0.5
    assert claim.on_host(7) == 0.5


def test_factors_multiply(claim):
    claim.set_factor("a", 1.0, updates=0)
    claim.set_factor("b", 0.1, updates=0)
    claim.set_factor("a", 0.5, updates=0)
    assert claim.factor == pytest.approx(0.05)
    assert claim.on_host(10) == pytest.approx(1.0)


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


DECAY = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)


@pytest.mark.parametrize(
    "curve, found, held",
    [
        (linear, False, False),
        (FoundRate(keras.optimizers.SGD(0.1), 0.1), True, True),
        (FoundRate(keras.optimizers.SGD(DECAY), None), True, False),
    ],
    ids=["a curve", "a plain rate", "a compiled schedule"],
)
def test_what_was_found_is_told_from_a_curve(curve, found, held):
    claim = Claim("Tester", "learning_rate", None, curve)
    assert (claim.found, claim.held) == (found, held)
