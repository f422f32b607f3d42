import json

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.arrays import to_numpy


def test_the_weights_of_a_fit_stay_in_the_interval():
    clip = ktk.constraints.WeightClip(-0.01, 0.02)
    layer = keras.layers.Dense(3, kernel_constraint=clip)
    model = keras.Sequential([keras.Input((4,)), layer])
    model.compile(keras.optimizers.SGD(1.0), "mse")
    x = np.ones((8, 4), "float32")
    y = np.array([[5.0, -5.0, 0.0]], "float32").repeat(8, 0)
    model.fit(x, y, batch_size=4, verbose=0)
    kernel = to_numpy(layer.kernel)
    np.testing.assert_allclose(kernel[:, 0], 0.02, rtol=1e-6)
    np.testing.assert_allclose(kernel[:, 1], -0.01, rtol=1e-6)


def test_equal_bounds_fix_the_weights():
    w = ktk.constraints.WeightClip(0.5, 0.5)(keras.ops.array([-1.0, 3.0]))
    np.testing.assert_array_equal(to_numpy(w), [0.5, 0.5])


@pytest.mark.parametrize(
    "bounds", [(-1, 2.5), (np.int64(-1), np.float32(2.5))], ids=repr
)
def test_it_comes_back_from_its_configuration(bounds):
    clip = ktk.constraints.WeightClip(*bounds)
    config = json.loads(json.dumps(keras.constraints.serialize(clip)))
    assert config["registered_name"] == "keras_trainkit>WeightClip"
    copy = keras.constraints.deserialize(config)
    assert (copy.min_value, copy.max_value) == (-1, 2.5)


@pytest.mark.parametrize(
    "bounds, error",
    [
        ((1.0, 0.0), ValueError),
        ((float("nan"), 1.0), ValueError),
        ((0.0, float("inf")), ValueError),
        (("0", 1.0), TypeError),
        ((0.0, None), TypeError),
        ((False, 1.0), TypeError),
        ((np.array([0.0]), 1.0), TypeError),
    ],
    ids=str,
)
def test_bad_bounds_are_refused(bounds, error):
    with pytest.raises(error, match=r"Received: m.._value="):
        ktk.constraints.WeightClip(*bounds)
