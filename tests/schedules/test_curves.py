import keras
import numpy as np
import pytest

from keras_trainkit.schedules.curves import schedule_curve
from keras_trainkit.schedules.curves import table_curve
from tests.helpers.arrays import to_numpy

S = keras.optimizers.schedules
SCHEDULES = {
    "exponential": S.ExponentialDecay(1.0, 4, 0.5),
    "piecewise": S.PiecewiseConstantDecay([3, 6], [1.0, 0.5, 0.1]),
    "cosine": S.CosineDecay(1.0, 10),
    "cosine with warm-up": S.CosineDecay(
        0.0, 8, warmup_target=1.0, warmup_steps=3
    ),
    "restarts": S.CosineDecayRestarts(1.0, 4),
}


def one_by_one(schedule, steps):
    return [float(to_numpy(keras.ops.array(schedule(s)))) for s in steps]


@pytest.mark.parametrize("name", SCHEDULES)
def test_on_the_host_a_schedule_is_its_values_one_by_one(name):
    schedule, steps = SCHEDULES[name], np.arange(10)
    np.testing.assert_allclose(
        schedule_curve(schedule)(steps, np, "float64"),
        one_by_one(schedule, steps),
        rtol=1e-6,
        atol=1e-7,
    )


@pytest.mark.parametrize("name", SCHEDULES)
def test_inside_a_step_it_is_the_same(name):
    curve = schedule_curve(SCHEDULES[name])
    inside = curve(keras.ops.array(5, "int32"), keras.ops, "float32")
    np.testing.assert_allclose(
        to_numpy(inside), curve(np.array(5), np, "float64"), rtol=1e-5
    )


class PicksFromAList(S.LearningRateSchedule):
    """Wrong on arrays, without an error."""

    def __call__(self, step):
        step = keras.ops.cast(step, "float32")
        return keras.ops.max(step) + step * 0


def test_a_schedule_that_is_wrong_on_arrays_is_asked_one_by_one():
    curve = schedule_curve(PicksFromAList())
    np.testing.assert_array_equal(
        curve(np.arange(5), np, "float64"), np.arange(5.0)
    )


def test_epochs_are_fractions():
    curve = schedule_curve(SCHEDULES["exponential"], epochs_per_update=0.5)
    np.testing.assert_allclose(
        curve(np.arange(4), np, "float64"), 0.5 ** (np.arange(4) / 8), rtol=1e-6
    )
    inside = curve(keras.ops.array(3), keras.ops, "float32")
    assert float(to_numpy(inside)) == pytest.approx(0.5 ** (3 / 8))


def test_a_function_is_tabulated():
    curve = table_curve("momentum", lambda e: 1 + e, 4, epochs_per_update=0.5)
    np.testing.assert_array_equal(
        curve(np.arange(-1, 6), np, "float64"), [1, 1, 1.5, 2, 2.5, 2.5, 2.5]
    )
    inside = curve(keras.ops.array(3), keras.ops, "float32")
    assert float(to_numpy(inside)) == 2.5


@pytest.mark.parametrize("bad", [-1.0, float("nan")], ids=str)
def test_a_function_with_a_useless_value_is_refused(bad):
    with pytest.raises(ValueError, match=f"At position 2 it returned {bad:g}"):
        table_curve("momentum", lambda p: bad if p == 2 else 0.5, 4)
