import json

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.arrays import to_numpy


@pytest.mark.parametrize(
    "axis",
    [0, -1, (0, 1, 2), [0, -1], np.int64(0), (np.int32(0), np.int64(-1))],
    ids=["0", "-1", "tuple", "list", "int64", "tuple of int64"],
)
def test_the_means_along_the_axes_become_zero(axis):
    w = np.random.default_rng(0).normal(2, 1, (3, 3, 2, 4)).astype("float32")
    result = to_numpy(ktk.constraints.ZeroMean(axis)(keras.ops.array(w)))
    axes = tuple(axis) if isinstance(axis, list) else axis
    np.testing.assert_allclose(result.mean(axes), 0, atol=1e-6)
    expected = w - w.astype("float64").mean(axes, keepdims=True)
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_a_fit_ends_with_centred_weights():
    layer = keras.layers.Dense(3, kernel_constraint=ktk.constraints.ZeroMean(0))
    model = keras.Sequential([keras.Input((4,)), layer])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(np.eye(4, 4), np.ones((4, 3)), batch_size=2, verbose=0)
    np.testing.assert_allclose(to_numpy(layer.kernel).mean(0), 0, atol=1e-6)


@pytest.mark.parametrize(
    "axis", [0, (0, 1), [0, -2], np.int64(1), [np.int64(0)]], ids=repr
)
def test_it_comes_back_from_its_configuration(axis):
    config = keras.constraints.serialize(ktk.constraints.ZeroMean(axis))
    json.dumps(config)  # as `save` writes it
    assert keras.constraints.deserialize(config).axis == axis


@pytest.mark.parametrize(
    "axis, error",
    [
        ((), ValueError),
        (None, TypeError),
        (0.0, TypeError),
        (True, TypeError),
        ((0, 1.0), TypeError),
        (np.array([0]), TypeError),
    ],
    ids=str,
)
def test_a_bad_axis_is_refused(axis, error):
    with pytest.raises(error, match="Received: axis="):
        ktk.constraints.ZeroMean(axis)


@pytest.mark.parametrize("axis", [1, (0, -2)], ids=str)
def test_an_axis_that_the_weight_lacks_is_refused_at_the_first_call(axis):
    with pytest.raises(ValueError, match=r"shape \(3,\). Received: axis="):
        ktk.constraints.ZeroMean(axis)(keras.ops.ones(3))
