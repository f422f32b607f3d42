import keras
import numpy as np
import pytest

from keras_trainkit.batch_norm.folding.channel_map import ChannelMap
from keras_trainkit.batch_norm.folding.channel_map import NotFoldable
from keras_trainkit.batch_norm.folding.channel_map import map_of
from keras_trainkit.batch_norm.folding.channel_map import normalization_in
from tests.helpers.normalized import assert_left
from tests.helpers.normalized import batch_norm
from tests.helpers.normalized import norm
from tests.helpers.normalized import trained

layers = keras.layers
Dense = layers.Dense


class Own(layers.BatchNormalization):
    """A user's normalisation."""


LEFT = {
    "a class of one's own": (
        (6,),
        lambda: [Dense(5), Own(name="norm")],
        "of the class Own",
    ),
    "another dtype": (
        (6,),
        lambda: [Dense(5, dtype="mixed_float16"), norm(dtype="float32")],
        "it converts float16 to float32",
    ),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("shape, make, reason", LEFT.values(), ids=LEFT)
def test_is_left_with_the_reason(shape, make, reason):
    assert_left(shape, make(), reason)


def built(layer, shape):
    layer.build(shape)
    return trained(layer)


@pytest.mark.one_backend
@pytest.mark.parametrize("axis, place", [(-1, 2), (2, 2), (1, 1), (-2, 1)])
@pytest.mark.parametrize("wrapped", [False, True], ids=["plain", "wrapped"])
def test_a_map_is_the_normalization(axis, place, wrapped):
    one, shape = norm(axis=axis), (2, 4, 3)
    if wrapped:
        layer = layers.TimeDistributed(one)
        layer.build((2, 5, 4, 3))
        trained(one)
    else:
        layer = built(one, shape)
    mapping = map_of(layer, 3 + wrapped)
    assert normalization_in(layer) is one
    assert mapping.axis == place + wrapped
    x = np.random.default_rng(1).normal(size=shape)
    along = [-1 if i == place else 1 for i in range(3)]
    received = x * mapping.scale.reshape(along) + mapping.shift.reshape(along)
    np.testing.assert_allclose(received, batch_norm(one, x), rtol=1e-6)


@pytest.mark.one_backend
@pytest.mark.parametrize("name", ["moving_variance", "gamma"])
def test_numbers_that_are_not_finite(name):
    layer = built(norm(), (None, 3))
    getattr(layer, name).assign([1.0, np.nan, 1.0])
    with pytest.raises(NotFoldable, match="not finite"):
        map_of(layer, 2)


@pytest.mark.one_backend
def test_maps_are_compared():
    one = ChannelMap(1, np.ones(2), np.zeros(2))
    assert one.equals(ChannelMap(1, np.ones(2), np.zeros(2)))
    assert not one.equals(one.at(2))
    assert not one.equals(ChannelMap(1, np.ones(2), np.ones(2)))
    assert not one.equals(one.repeated(2, 1))
