"""Whole feature maps are dropped, in either data format."""

import keras
import numpy as np
import pytest

from keras_trainkit import layers
from tests.helpers.arrays import to_numpy

MAPS = 500
LAST, FIRST = "channels_last", "channels_first"
CASES = {
    "1D": (layers.MCSpatialDropout1D, {}, (8, 3, MAPS), (1,)),
    "2D last": (
        layers.MCSpatialDropout2D,
        {"data_format": LAST},
        (8, 3, 2, MAPS),
        (1, 2),
    ),
    "2D first": (
        layers.MCSpatialDropout2D,
        {"data_format": FIRST},
        (8, MAPS, 3, 2),
        (2, 3),
    ),
    "3D last": (
        layers.MCSpatialDropout3D,
        {"data_format": LAST},
        (8, 2, 3, 2, MAPS),
        (1, 2, 3),
    ),
    "3D first": (
        layers.MCSpatialDropout3D,
        {"data_format": FIRST},
        (8, MAPS, 2, 3, 2),
        (2, 3, 4),
    ),
}
every_case = pytest.mark.parametrize(
    "layer_class, kwargs, shape, space", CASES.values(), ids=CASES
)


@every_case
@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_maps_are_dropped_whole(layer_class, kwargs, shape, space, rate):
    y = to_numpy(layer_class(rate, seed=1, **kwargs)(np.ones(shape, "float32")))
    maps = y.mean(axis=space, dtype="float64")
    assert maps.shape == (8, MAPS)
    np.testing.assert_array_equal(y.min(axis=space), y.max(axis=space))
    error = np.sqrt(rate / (1 - rate) / maps.size)
    assert abs(maps.mean() - 1) < 5 * error
    assert abs(np.mean(maps == 0) - rate) < 5 * 0.5 / np.sqrt(maps.size)


@every_case
def test_rows_get_different_masks(layer_class, kwargs, shape, space):
    y = to_numpy(layer_class(0.5, seed=1, **kwargs)(np.ones(shape, "float32")))
    assert (y[0] != y[1]).any()


@every_case
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_a_mixed_policy_survives(layer_class, kwargs, shape, space, policy):
    layer = layer_class(0.5, dtype=policy, **kwargs)
    config = keras.saving.serialize_keras_object(layer)
    restored = keras.saving.deserialize_keras_object(config)
    assert restored.dtype_policy.name == policy
    assert restored.get_config() == layer.get_config()


@every_case
def test_another_rank_is_refused(layer_class, kwargs, shape, space):
    with pytest.raises(ValueError, match="ndim"):
        layer_class(0.5, **kwargs)(np.ones((4, 4), "float32"))


@pytest.mark.parametrize(
    "layer_class", [layers.MCSpatialDropout2D, layers.MCSpatialDropout3D]
)
def test_an_unknown_data_format_is_refused(layer_class):
    with pytest.raises(ValueError, match="data_format"):
        layer_class(0.5, data_format="channels_middle")
