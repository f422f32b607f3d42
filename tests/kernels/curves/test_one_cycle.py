import numpy as np
import pytest
from hypothesis import assume
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from keras_trainkit.kernels.curves import one_cycle
from keras_trainkit.kernels.curves.phases import ANNEAL
from keras_trainkit.kernels.curves.phases import piecewise
from tests.helpers.torch_one_cycle import sound
from tests.helpers.torch_one_cycle import torch_curves

ARGUMENTS = st.fixed_dictionaries(
    {
        "max_lr": st.floats(1e-5, 10.0),
        "total_steps": st.integers(8, 300),
        "pct_start": st.floats(0.02, 0.98),
        "anneal_strategy": st.sampled_from(["linear", "cos"]),
        "base_momentum": st.floats(0.0, 0.9),
        "max_momentum": st.floats(0.9, 0.99),
        "div_factor": st.floats(1.0, 100.0),
        "final_div_factor": st.floats(0.5, 1e5),
        "three_phase": st.booleans(),
    }
)


def curves(
    max_lr,
    total_steps,
    pct_start,
    anneal_strategy,
    base_momentum,
    max_momentum,
    div_factor,
    final_div_factor,
    three_phase,
):
    """Our learning rates and momenta at every step, in float64."""
    steps = np.arange(total_steps)
    anneal = ANNEAL[anneal_strategy]
    rate = one_cycle.learning_rate_phases(
        max_lr,
        total_steps,
        pct_start,
        div_factor,
        final_div_factor,
        three_phase,
    )
    momentum = one_cycle.momentum_phases(
        base_momentum, max_momentum, total_steps, pct_start, three_phase
    )
    return piecewise(steps, rate, anneal), piecewise(steps, momentum, anneal)


@given(ARGUMENTS)
@settings(max_examples=150)
def test_every_step_equals_torch_where_torch_is_sound(arguments):
    assume(sound(arguments))
    ours, theirs = curves(**arguments), torch_curves(**arguments)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-9)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-9, atol=1e-12)


@given(
    total_steps=st.integers(3, 40),
    pct_start=st.floats(0.001, 0.999),
    three_phase=st.booleans(),
)
@settings(max_examples=200)
def test_short_cycles_reach_the_peak_and_the_end(
    total_steps, pct_start, three_phase
):
    assume(total_steps >= 4 or not three_phase)
    assume(pct_start <= 0.5 or not three_phase)
    arguments = {
        "max_lr": 1.0,
        "total_steps": total_steps,
        "pct_start": pct_start,
        "anneal_strategy": "linear",
        "base_momentum": 0.85,
        "max_momentum": 0.95,
        "div_factor": 10.0,
        "final_div_factor": 100.0,
        "three_phase": three_phase,
    }
    assume(not sound(arguments))
    rates, momenta = curves(**arguments)
    assert rates[0] == pytest.approx(0.1)
    assert rates.max() == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(0.001)
    assert momenta.min() == pytest.approx(0.85)
    assert momenta[-1] == pytest.approx(0.95)
    assert momenta[rates.argmax()] == momenta.min()


def test_a_rise_of_less_than_a_step_takes_one():
    assert one_cycle.phase_ends(10, 0.05, False) == (1, 9)


@pytest.mark.parametrize("scalar", [np.float16, np.float32, np.float64])
def test_numpy_scalars_give_curves_in_float64(scalar):
    arguments = {
        "max_lr": scalar(0.3),
        "pct_start": scalar(0.3),
        "base_momentum": scalar(0.8),
        "max_momentum": scalar(0.9),
        "div_factor": scalar(7),
        "final_div_factor": scalar(100),
    }
    others = {"anneal_strategy": "linear", "three_phase": True}
    plain = {name: float(value) for name, value in arguments.items()}
    ours = curves(**arguments, **others, total_steps=np.int8(100))
    theirs = torch_curves(**plain, **others, total_steps=100)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


@given(ARGUMENTS)
def test_the_rate_rises_once_and_then_falls(arguments):
    assume(arguments["pct_start"] <= 0.5 or not arguments["three_phase"])
    assume(arguments["final_div_factor"] >= 1)
    rates, _ = curves(**arguments)
    peak = rates.argmax()
    tiny = 1e-12 * arguments["max_lr"]
    assert (np.diff(rates[: peak + 1]) >= -tiny).all()
    assert (np.diff(rates[peak:]) <= tiny).all()


GOOD = {
    "max_lr": 1.0,
    "pct_start": 0.3,
    "anneal_strategy": "cos",
    "div_factor": 25.0,
    "final_div_factor": 1e4,
    "three_phase": False,
}


def test_good_arguments_pass():
    one_cycle.check_arguments(**GOOD)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_lr", "0.1"),
        ("max_lr", np.ones(1)),
        ("pct_start", np.array([0.1, 0.2])),
        ("anneal_strategy", 1),
        ("anneal_strategy", ["cos"]),
        ("div_factor", True),
        ("three_phase", "no"),
        ("three_phase", 1),
        ("three_phase", None),
    ],
    ids=str,
)
def test_arguments_of_another_type(name, value):
    with pytest.raises(TypeError, match=f"`{name}` must be"):
        one_cycle.check_arguments(**{**GOOD, name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_lr", 0.0),
        ("max_lr", -1.0),
        ("max_lr", float("inf")),
        ("max_lr", float("nan")),
        ("pct_start", 0.0),
        ("pct_start", 1.0),
        ("anneal_strategy", "exp"),
        ("div_factor", 0.5),
        ("final_div_factor", 0.0),
    ],
)
def test_arguments_that_describe_no_cycle(name, value):
    with pytest.raises(ValueError, match=f"`{name}` must be"):
        one_cycle.check_arguments(**{**GOOD, name: value})


def test_three_phases_need_room_for_the_fall():
    with pytest.raises(ValueError, match=r"three_phase=False for more"):
        one_cycle.check_arguments(
            **{**GOOD, "pct_start": 0.6, "three_phase": True}
        )


@pytest.mark.parametrize(
    ("base", "maximum"), [(0.9, 0.8), (-0.1, 0.9), (0.9, 1.0)]
)
def test_momenta_out_of_order_or_range(base, maximum):
    with pytest.raises(ValueError, match="momentum` must be"):
        one_cycle.check_momentum(base, maximum)


@pytest.mark.parametrize(
    ("steps", "three_phase", "error"),
    [
        (3, True, ValueError),
        (2, False, ValueError),
        (10.5, False, TypeError),
        (10.0, False, TypeError),
        (True, False, TypeError),
    ],
)
def test_a_length_that_is_none(steps, three_phase, error):
    with pytest.raises(error, match="`total_steps` must be"):
        one_cycle.check_total_steps(steps, three_phase)


@pytest.mark.parametrize("steps", [4, np.int64(4)], ids=["int", "numpy"])
def test_a_length_that_suffices(steps):
    one_cycle.check_total_steps(steps, True)
