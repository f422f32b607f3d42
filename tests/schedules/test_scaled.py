"""A scaled schedule is the schedule times its factor, and saves as that."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

import keras_trainkit as ktk
from keras_trainkit.schedules.scaled import scaled_schedule
from tests.helpers.arrays import to_numpy
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data

schedules = keras.optimizers.schedules
RATES = st.floats(1e-6, 10.0)
STEPS = st.integers(1, 500)
SHARES = st.floats(0.1, 1.0)


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


OF_KERAS = {
    "cosine": st.builds(schedules.CosineDecay, RATES, STEPS, SHARES),
    "cosine with warm-up": st.builds(
        schedules.CosineDecay,
        RATES,
        STEPS,
        SHARES,
        warmup_target=RATES,
        warmup_steps=STEPS,
    ),
    "restarts": st.builds(
        schedules.CosineDecayRestarts,
        RATES,
        STEPS,
        t_mul=st.sampled_from([1.0, 2.0]),
        m_mul=SHARES,
        alpha=SHARES,
    ),
    "exponential": st.builds(
        schedules.ExponentialDecay, RATES, STEPS, SHARES, st.booleans()
    ),
    "inverse time": st.builds(
        schedules.InverseTimeDecay, RATES, STEPS, SHARES, st.booleans()
    ),
    "piecewise": st.builds(
        schedules.PiecewiseConstantDecay,
        st.just([100, 300]),
        st.lists(RATES, min_size=3, max_size=3),
    ),
    "polynomial": st.builds(
        schedules.PolynomialDecay,
        RATES,
        STEPS,
        RATES,
        power=st.sampled_from([0.5, 1.0, 2.0]),
        cycle=st.booleans(),
    ),
}


@pytest.mark.parametrize("kind", OF_KERAS)
@settings(max_examples=25, deadline=None)
@given(data=st.data(), factor=RATES, step=st.integers(0, 600))
def test_of_a_keras_schedule_it_is_another_one(kind, data, factor, step):
    schedule = data.draw(OF_KERAS[kind])
    before = schedule.get_config()
    scaled = scaled_schedule(schedule, factor)
    assert type(scaled) is type(schedule)
    assert schedule.get_config() == before
    np.testing.assert_allclose(
        to_numpy(scaled(step)), factor * to_numpy(schedule(step)), rtol=1e-4
    )


class Halved(schedules.CosineDecay):
    def __call__(self, step):
        return super().__call__(step) / 2


@pytest.mark.parametrize(
    "schedule",
    [
        Halved(0.1, 10),
        ktk.schedules.Warmup(0.1, 5),
        schedules.PiecewiseConstantDecay([5], [2, 1]),
    ],
    ids=["subclass", "ours", "integers"],
)
def test_what_keras_cannot_express_is_wrapped(schedule):
    scaled = scaled_schedule(schedule, 0.5)
    assert type(scaled) is ktk.schedules.Scaled
    expected = 0.5 * to_numpy(schedule(3))
    np.testing.assert_allclose(to_numpy(scaled(3)), expected, rtol=1e-6)


def test_factors_are_multiplied_not_nested():
    warmup = ktk.schedules.Warmup(0.1, 5)
    twice = scaled_schedule(scaled_schedule(warmup, 0.1), 0.1)
    assert twice.schedule is warmup
    assert twice.factor == pytest.approx(0.01)
    decay = ktk.schedules.Scaled(schedules.CosineDecay(1.0, 5), 0.5)
    assert scaled_schedule(decay, 0.5).initial_learning_rate == 0.25


def test_a_factor_of_one_changes_nothing():
    decay = schedules.CosineDecay(0.1, 10)
    assert scaled_schedule(decay, 1) is decay
    doubled = ktk.schedules.Scaled(decay, 2.0)
    assert scaled_schedule(doubled, 0.5) is decay


LOAD = """
import sys
import keras
model = keras.saving.load_model(sys.argv[1])
assert "keras_trainkit" not in sys.modules
print(float(keras.ops.convert_to_numpy(model.optimizer.learning_rate)))
"""


def test_a_file_saved_after_fine_tuning_needs_keras_alone(tmp_path):
    model = linear_model()
    optimizer = keras.optimizers.SGD(schedules.CosineDecay(0.1, 8))
    model.compile(optimizer, "mse")
    x, y = regression_data(32)
    stages = ktk.callbacks.FineTuning({0: "all", 1: "all"})
    model.fit(x, y, batch_size=16, epochs=2, verbose=0, callbacks=[stages])
    model.save(tmp_path / "model.keras")
    done = subprocess.run(
        [sys.executable, "-c", LOAD, tmp_path / "model.keras"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    rate = float(done.stdout.splitlines()[-1])
    assert rate == pytest.approx(0.1 * 0.1 * 0.5, rel=1e-5)
