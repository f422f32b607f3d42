"""A scaled schedule is the schedule times its factor, and saves as that."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

import keras_trainkit as ktk

schedules = keras.optimizers.schedules


@settings(max_examples=30)
@given(
    factor=st.floats(1e-6, 1e6),
    step=st.integers(0, 10_000),
)
def test_it_is_the_factor_times_the_schedule(factor, step):
    scaled = ktk.schedules.Scaled(
        schedules.InverseTimeDecay(0.1, 100, 0.5), factor
    )
    expected = factor * 0.1 / (1 + 0.5 * step / 100)
    np.testing.assert_allclose(float(scaled(step)), expected, rtol=1e-5)


@pytest.mark.parametrize(
    "schedule",
    [
        schedules.CosineDecay(0.1, 100),
        schedules.PiecewiseConstantDecay([10], [0.1, 0.01]),
        ktk.schedules.Scaled(schedules.ExponentialDecay(0.1, 10, 0.9), 0.5),
    ],
    ids=["cosine", "piecewise", "scaled"],
)
def test_it_is_serialized_with_what_it_scales(schedule):
    scaled = ktk.schedules.Scaled(schedule, 0.1, name="last_stage")
    data = keras.saving.serialize_keras_object(scaled)
    again = keras.saving.deserialize_keras_object(data)
    assert isinstance(again, ktk.schedules.Scaled)
    assert again.get_config() == scaled.get_config()
    steps = np.arange(30)
    np.testing.assert_array_equal(
        [float(again(step)) for step in steps],
        [float(scaled(step)) for step in steps],
    )


def test_an_optimizer_with_it_is_saved(tmp_path):
    scaled = ktk.schedules.Scaled(schedules.CosineDecay(0.2, 10), 0.5)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(scaled), "mse")
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert float(loaded.optimizer.learning_rate) == pytest.approx(0.1)


@pytest.mark.parametrize(
    "error, schedule, factor",
    [
        (TypeError, 0.1, 0.5),
        (TypeError, lambda step: 0.1, 0.5),
        (TypeError, schedules.CosineDecay(0.1, 10), "0.5"),
        (TypeError, schedules.CosineDecay(0.1, 10), True),
        (ValueError, schedules.CosineDecay(0.1, 10), 0.0),
        (ValueError, schedules.CosineDecay(0.1, 10), -1.0),
        (ValueError, schedules.CosineDecay(0.1, 10), float("inf")),
        (ValueError, schedules.CosineDecay(0.1, 10), float("nan")),
    ],
    ids=[
        "a number",
        "a function",
        "a string",
        "a boolean",
        "zero",
        "negative",
        "infinite",
        "nan",
    ],
)
def test_arguments_that_are_refused(error, schedule, factor):
    with pytest.raises(error, match="must be"):
        ktk.schedules.Scaled(schedule, factor)
