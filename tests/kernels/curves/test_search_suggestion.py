"""Against curves whose answer is known, and against noise without one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_trainkit.kernels.curves.search_divergence import finite_part
from keras_trainkit.kernels.curves.search_suggestion import METHODS
from keras_trainkit.kernels.curves.search_suggestion import capped
from keras_trainkit.kernels.curves.search_suggestion import smooth
from keras_trainkit.kernels.curves.search_suggestion import suggest
from keras_trainkit.kernels.curves.search_suggestion import unclear

RATES = np.geomspace(1e-7, 10.0, 100)
NUMBERS = st.floats(-1e3, 1e3)


def suggestion(losses, method="valley", rates=RATES):
    losses = np.asarray(losses, "float64")
    end = finite_part(losses, 0.9, 4.0)
    part = capped(losses[:end])
    return suggest(rates[:end], part, smooth(part, 0.9), method)


def step_down(centre, blow_up=1.0, rates=RATES):
    """A loss that falls where the rate passes `centre`, then blows up."""
    fall = 1 / (1 + (rates / centre) ** 2)
    return 0.3 + 2 * fall + (rates / blow_up) ** 3


@given(st.lists(NUMBERS, min_size=1, max_size=30), st.floats(0, 0.99))
def test_smoothed_values_stay_within_the_losses(losses, smoothing):
    smoothed = smooth(np.array(losses), smoothing)
    assert smoothed.shape == (len(losses),)
    assert smoothed.min() >= min(losses) - 1e-6
    assert smoothed.max() <= max(losses) + 1e-6


@given(st.lists(NUMBERS, min_size=1, max_size=20), NUMBERS)
def test_smoothing_follows_a_shift(losses, shift):
    losses = np.array(losses)
    np.testing.assert_allclose(
        smooth(losses + shift, 0.9), smooth(losses, 0.9) + shift, atol=1e-6
    )


def test_smoothing_equals_the_closed_form():
    losses = np.array([4.0, 1.0, 7.0])
    first = [4.0, (0.5 * 0.5 * 4 + 0.5 * 1) / 0.75]
    first.append((0.125 * 4 + 0.25 * 1 + 0.5 * 7) / 0.875)
    back = [0.0, (0.25 * first[2] + 0.5 * first[1]) / 0.75, first[2]]
    back[0] = (0.125 * first[2] + 0.25 * first[1] + 0.5 * first[0]) / 0.875
    np.testing.assert_allclose(smooth(losses, 0.5), back, rtol=1e-12)


def test_no_smoothing_is_the_losses():
    losses = np.array([4.0, 1.0, 7.0])
    np.testing.assert_array_equal(smooth(losses, 0.0), losses)


def test_smoothing_does_not_lag():
    losses = step_down(1e-3)[:70]
    middle = np.interp(-1.3, -smooth(losses, 0.9), np.log10(RATES[:70]))
    assert abs(middle - -3) < 0.15


@pytest.mark.parametrize("centre", [1e-4, 1e-3, 1e-2])
def test_the_steepest_point_is_that_of_the_curve(centre):
    """2 / (1 + x**2) falls most over log x at x = 1."""
    found = suggestion(step_down(centre), "steepest")
    assert centre / 1.5 < found < 1.5 * centre


@pytest.mark.parametrize("centre", [1e-4, 1e-3, 1e-2])
def test_the_valley_is_a_third_of_where_most_of_the_fall_is_made(centre):
    rates = np.geomspace(1e-7, 10.0, 2000)  # little is smoothed away
    losses = step_down(centre, 24 * centre, rates)
    fall = (losses[0] - losses)[: losses.argmin()]
    expected = np.interp(0.85 * fall.max(), fall, rates[: len(fall)]) / 3
    found = suggestion(losses, rates=rates)
    np.testing.assert_allclose(found, expected, rtol=0.05)


def test_the_steepest_point_is_never_above_the_valley():
    """A curve that falls nowhere but just before it diverges."""
    losses = np.where(RATES < 0.1, 2.0, 1.0)
    losses[RATES > 0.3] = 9.0
    steepest = suggestion(losses, "steepest")
    assert steepest == suggestion(losses, "valley") < 0.05


@pytest.mark.parametrize("method", METHODS)
def test_how_high_the_loss_jumps_does_not_matter(method):
    low, high = step_down(1e-3), step_down(1e-3)
    low[70], high[70] = 3.0, 12.0
    end = slice(80)
    assert finite_part(high[end], 0.9, 4.0) == 80
    assert suggestion(low[end], method, RATES[end]) == suggestion(
        high[end], method, RATES[end]
    )


def test_losses_are_capped_at_the_largest_of_the_first_ten():
    losses = np.array([1.0, 3.0, *[2.0] * 8, 9.0, 2.5])
    assert capped(losses).tolist() == [1.0, 3.0, *[2.0] * 8, 3.0, 2.5]
    assert capped(losses[:0]).tolist() == []
    assert capped(np.array([*[-2.0] * 10, 5.0]))[-1] == -2.0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("tail", [np.nan, np.inf, 1e30])
def test_what_diverges_does_not_count(method, tail):
    losses = step_down(1e-3)[:85]
    spoilt = np.append(losses, [tail, -1e9])
    rates = RATES[: len(spoilt)]
    assert suggestion(spoilt, method, rates) == suggestion(losses, method)


@pytest.mark.parametrize("method", METHODS)
def test_the_ends_are_not_read(method):
    losses = step_down(1e-3)
    wild = losses.copy()
    wild[:3] = 2.5, 2.1, 2.6
    found, expected = suggestion(wild, method), suggestion(losses, method)
    assert expected / 1.3 < found < 1.3 * expected


@pytest.mark.parametrize("length, unread", [(19, 1), (38, 1), (40, 2)])
def test_a_twentieth_at_the_end_is_not_read(length, unread):
    rates, last = RATES[:length], length - 1 - unread
    losses = np.where(np.arange(length) < last, 2.0, 1.0)
    assert suggest(rates, losses, losses, "valley") == rates[last] / 6
    losses = np.where(np.arange(length) <= last, 2.0, 1.0)
    with pytest.raises(ValueError, match="a slope to read"):
        suggest(rates, losses, losses, "valley")


def test_without_a_slope_the_rates_that_were_read_are_told():
    match = f"between the rates {RATES[10]:.3g} and {RATES[94]:.3g}"
    with pytest.raises(ValueError, match=match):
        suggestion(NO_SLOPE["flat"])


@given(st.floats(0.01, 100), st.sampled_from(METHODS))
def test_the_unit_of_the_loss_does_not_matter(unit, method):
    losses = step_down(1e-3)
    found, expected = (
        suggestion(unit * losses, method),
        suggestion(losses, method),
    )
    np.testing.assert_allclose(found, expected, rtol=1e-9)


NO_SLOPE = {
    "flat": np.ones(100),
    "rising": np.linspace(1, 2, 100),
    "noise": 5 + np.random.default_rng(1).normal(size=100),
    "heavy-tailed noise": 20 + np.random.default_rng(2).standard_t(3, size=100),
    "up and not quite back": np.interp(range(100), [0, 50, 99], [1, 2, 1.2]),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("losses", NO_SLOPE.values(), ids=NO_SLOPE)
def test_no_slope_is_an_error_that_says_what_was_seen(losses, method):
    with pytest.raises(
        ValueError,
        match=r"slope to read. Received: a smooth.* Search in more `steps`, ",
    ):
        suggestion(losses, method)


UNCLEAR = {
    "noise": (NO_SLOPE["noise"], True),
    "a fall": (step_down(1e-3)[:85], False),
    "nothing before the divergence": (np.array([3.0, 1.0]), False),
}


@pytest.mark.parametrize("losses, expected", UNCLEAR.values(), ids=UNCLEAR)
def test_only_a_curve_long_enough_is_unclear(losses, expected):
    assert unclear(capped(losses), smooth(losses, 0.9)) == expected


BOTTOMS = {
    "the fall is made late": (np.where(RATES < 1e-2, 2.0, 1.0), 6.0),
    "long before the lowest point": (
        np.where(RATES < 1e-5, 2.0, 1.1 - 0.01 * np.log(RATES / 1e-5)),
        16.0,
    ),
}


@pytest.mark.parametrize("losses, below", BOTTOMS.values(), ids=BOTTOMS)
def test_the_lowest_point_holds_the_valley(losses, below):
    rates, losses = RATES[:80], losses[:80]
    smoothed = smooth(losses, 0.0)
    read = slice(8, 76)
    bottom = rates[read][np.argmin(smoothed[read])]
    found = suggest(rates, losses, smoothed, "valley")
    np.testing.assert_allclose(found, bottom / below)


@pytest.mark.parametrize("length", [0, 1, 4])
def test_too_few_points_are_an_error(length):
    with pytest.raises(ValueError, match=r"only . steps between the ends"):
        suggestion(np.linspace(3, 1, length))


def found_in_noise(seed):
    losses = 10 + np.random.default_rng(seed).normal(size=100)
    try:
        return bool(suggestion(losses))
    except ValueError:
        return False


def test_noise_gives_a_suggestion_once_in_a_hundred():
    assert sum(map(found_in_noise, range(300))) <= 9


@pytest.mark.parametrize("seed", range(5))
def test_a_fall_is_found_in_noise_half_its_size(seed):
    noise = np.random.default_rng(seed).normal(size=100)
    assert 1e-4 < suggestion(step_down(1e-3) + noise) < 1.0


def test_another_method_is_refused():
    with pytest.raises(ValueError, match=r"`method` must be .*method='slide'"):
        suggestion(step_down(1e-3), "slide")
    with pytest.raises(TypeError, match=r"`method` must be .*method=None"):
        suggestion(step_down(1e-3), None)
