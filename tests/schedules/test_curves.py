import keras
import numpy as np
import pytest

from keras_trainkit.schedules.curves import check_schedule
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
    curve = table_curve(
        "learning_rate", lambda e: 1 + e, 4, epochs_per_update=0.5
    )
    np.testing.assert_array_equal(
        curve(np.arange(-1, 6), np, "float64"), [1, 1, 1.5, 2, 2.5, 2.5, 2.5]
    )
    inside = curve(keras.ops.array(3), keras.ops, "float32")
    assert float(to_numpy(inside)) == 2.5


@pytest.mark.parametrize(
    "value",
    [1.0, 1, np.float32(1), np.array(1), keras.ops.array(1.0)],
    ids=["float", "int", "numpy", "0-d array", "tensor"],
)
def test_a_function_may_return_any_kind_of_number(value):
    curve = table_curve("learning_rate", lambda p: value, 3)
    np.testing.assert_array_equal(curve(np.arange(3), np, "float64"), [1.0] * 3)


NO_NUMBERS = {
    "a string": "0.5",
    "none": None,
    "a boolean": True,
    "one element": np.array([0.5]),
    "a list": [0.5],
    "a tensor of one element": keras.ops.array([0.5]),
}
UNFIT = [
    ("learning_rate", -1.0),
    ("learning_rate", float("nan")),
    ("weight_decay", -1e-4),
    ("weight_decay", float("inf")),
    ("momentum", 1.0),
    ("momentum", 1.5),
    ("momentum", -0.1),
    ("momentum", float("nan")),
]


class OnceWrong(S.LearningRateSchedule):
    """Another value at one position; takes no arrays."""

    def __init__(self, value, position):
        self.value, self.position = value, position

    def __call__(self, step):
        return self.value if int(step) == self.position else 0.5


def check_function(name, value, position):
    table_curve(name, lambda p: value if p == position else 0.5, 4)


def check_branching(name, value, position):
    check_schedule(name, OnceWrong(value, position), 4)


class OnceWrongOnArrays(OnceWrong):
    """The same; takes arrays."""

    def __call__(self, step):
        return keras.ops.where(step == self.position, self.value, 0.5)


def check_array(name, value, position):
    check_schedule(name, OnceWrongOnArrays(value, position), 4)


@pytest.mark.parametrize("check", [check_function, check_branching])
@pytest.mark.parametrize("kind", NO_NUMBERS)
def test_a_value_that_is_no_number_is_a_type_error(kind, check):
    value = NO_NUMBERS[kind]
    with pytest.raises(TypeError, match="`momentum` must be a curve") as caught:
        check("momentum", value, 2)
    assert f"At position 2 it is {value!r} (of type" in str(caught.value)


@pytest.mark.parametrize(
    "check", [check_function, check_branching, check_array]
)
@pytest.mark.parametrize(("name", "value"), UNFIT)
def test_a_value_that_does_not_suit_is_refused(name, value, check):
    with pytest.raises(ValueError, match=f"`{name}` must be a curve") as caught:
        check(name, value, 2)
    assert f"At position 2 it is {value:g}." in str(caught.value)
    assert f"Received: {name}=<" in str(caught.value)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_that_suits_passes(name):
    check_schedule("learning_rate", SCHEDULES[name], 12)
    check_schedule("weight_decay", SCHEDULES[name], 12, epochs_per_update=0.25)


def test_epochs_are_the_positions_of_the_message():
    with pytest.raises(ValueError, match=r"At position 1.5 it is 1.25"):
        check_schedule(
            "momentum", S.PiecewiseConstantDecay([1], [0.5, 1.25]), 8, 0.5
        )


def test_a_long_run_of_a_branching_schedule_is_checked_to_its_end():
    asked = []

    class Notes(OnceWrong):
        def __call__(self, step):
            asked.append(int(step))
            return super().__call__(step)

    with pytest.raises(ValueError, match="At position 9999 it is 2"):
        check_schedule("momentum", Notes(2.0, 9999), 10_000)
    assert len(asked) < 150


def test_without_a_known_length_the_beginning_is_checked():
    check_schedule("momentum", OnceWrong(2.0, 1), None)
    with pytest.raises(ValueError, match="At position 0 it is 2"):
        check_schedule("momentum", OnceWrong(2.0, 0), None)
