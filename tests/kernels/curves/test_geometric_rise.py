import keras
import numpy as np
import pytest

from keras_trainkit.kernels.curves.geometric_rise import check_arguments
from keras_trainkit.kernels.curves.geometric_rise import rates
from keras_trainkit.kernels.curves.geometric_rise import rise
from tests.helpers.arrays import to_numpy

GOOD = {
    "min_lr": 1e-7,
    "max_lr": 10.0,
    "steps": 100,
    "early_stop_threshold": 4.0,
    "smoothing": 0.9,
}


@pytest.mark.parametrize("steps", [2, 7, 100, 1000])
def test_the_rates_are_a_geometric_sequence(steps):
    np.testing.assert_allclose(
        rates(1e-7, 10.0, steps), np.geomspace(1e-7, 10.0, steps), rtol=1e-12
    )


def test_tensors_agree_and_stay_at_the_end():
    positions = np.array([0, 3, 9, 50])
    tensor = rise(
        1e-5, 1.0, 10, keras.ops.convert_to_tensor(positions), keras.ops,
        "float32",
    )  # fmt: skip
    expected = np.geomspace(1e-5, 1.0, 10)[[0, 3, 9, 9]]
    np.testing.assert_allclose(to_numpy(tensor), expected, rtol=5e-6)


def test_sound_arguments_pass():
    check_arguments(**GOOD)
    check_arguments(**{**GOOD, "early_stop_threshold": None, "smoothing": 0})


@pytest.mark.parametrize(
    "name, value, error",
    [
        ("min_lr", 0.0, ValueError),
        ("min_lr", float("nan"), ValueError),
        ("min_lr", "1e-7", TypeError),
        ("max_lr", 1e-7, ValueError),
        ("max_lr", float("inf"), ValueError),
        ("steps", 1, ValueError),
        ("steps", 2.5, TypeError),
        ("steps", 100.0, TypeError),
        ("steps", True, TypeError),
        ("max_lr", np.ones(1), TypeError),
        ("early_stop_threshold", 1.0, ValueError),
        ("smoothing", 1.0, ValueError),
        ("smoothing", -0.1, ValueError),
    ],
)
def test_others_are_refused(name, value, error):
    with pytest.raises(error, match=f"`{name}` must be .*Received: {name}="):
        check_arguments(**{**GOOD, name: value})
