"""Units are followed where a layer moves, repeats or pools them."""

import keras
import numpy as np
import pytest

from keras_trainkit.compression import shrink
from tests.helpers.dead_weights import filled
from tests.helpers.dead_weights import inputs_of
from tests.helpers.dead_weights import kill
from tests.helpers.dead_weights import outputs

layers = keras.layers
pytestmark = pytest.mark.one_backend
# What stands between a convolution of 5 units and a dense layer.
BETWEEN = {
    "flat": [layers.Flatten],
    "flat, channels first": [lambda: layers.Flatten("channels_first")],
    "reshaped flat": [lambda: layers.Reshape((-1,))],
    "rows": [lambda: layers.Reshape((-1, 5))],
    "moved": [lambda: layers.Permute((3, 2, 1)), layers.Flatten],
    "enlarged": [lambda: layers.UpSampling2D(2), lambda: layers.Cropping2D(1)],
    "pooled": [lambda: layers.MaxPooling2D(2, padding="same")],
    "averaged": [lambda: layers.AveragePooling2D(2, padding="same")],
    "all averaged": [
        layers.GlobalAveragePooling2D,
        lambda: layers.RepeatVector(2),
    ],
    "kept dimensions": [lambda: layers.GlobalMaxPooling2D(keepdims=True)],
}


def model_with(between):
    x = y = keras.Input((4, 5, 2))
    y = layers.Conv2D(5, 2, name="a")(y)
    for make in between:
        y = make()(y)
    return filled(keras.Model(x, layers.Dense(2, name="b")(y)))


@pytest.mark.parametrize("kind", BETWEEN)
def test_the_outputs_stay(kind):
    model = model_with(BETWEEN[kind])
    kill(model.get_layer("a"), [1, 4], [0.7, -0.3])
    x = inputs_of(model)

    shrinking = shrink(model, x)

    assert [one.after for one in shrinking.removed] == [3]
    rows = shrinking.model.get_layer("b").kernel.shape[0]
    assert rows * 5 == model.get_layer("b").kernel.shape[0] * 3
    np.testing.assert_allclose(
        outputs(shrinking.model, x)[0], outputs(model, x)[0], atol=1e-5
    )


def test_padding_with_zeros_lets_only_zeros_go():
    model = model_with([lambda: layers.ZeroPadding2D(1)])
    kill(model.get_layer("a"), [1, 4], [0.0, 0.3])

    shrinking = shrink(model)

    assert [one.after for one in shrinking.removed] == [4]
    assert shrinking.left["a"].startswith("1 of 5 dead: a later layer makes")
    assert shrinking.largest_difference < 1e-5


def test_what_mixes_units_with_places_is_left():
    model = model_with([lambda: layers.Reshape((6, 10))])
    kill(model.get_layer("a"), [1])

    shrinking = shrink(model)

    assert shrinking.removed == ()
    assert "Reshape may mix its units" in shrinking.left["a"]
