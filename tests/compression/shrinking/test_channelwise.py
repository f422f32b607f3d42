"""Layers with weights per unit follow what they read."""

import keras
import numpy as np
import pytest

from keras_trainkit.compression import shrink
from tests.helpers.arrays import to_numpy
from tests.helpers.dead_weights import filled
from tests.helpers.dead_weights import inputs_of
from tests.helpers.dead_weights import kill
from tests.helpers.dead_weights import outputs

layers = keras.layers
pytestmark = pytest.mark.one_backend
BETWEEN = {
    "normalised": layers.BatchNormalization,
    "without scale": lambda: layers.BatchNormalization(scale=False),
    "without centre": lambda: layers.BatchNormalization(center=False),
    "sloped": lambda: layers.PReLU(shared_axes=[1, 2]),
    "depthwise": lambda: layers.DepthwiseConv2D(
        2, depth_multiplier=2, activation="relu"
    ),
}


def around(between):
    x = keras.Input((6, 6, 2))
    y = layers.Conv2D(5, 2, name="a")(x)
    y = layers.Conv2D(3, 2, name="b")(between(y))
    return filled(keras.Model(x, y))


@pytest.mark.parametrize("kind", BETWEEN)
def test_constants_pass_through(kind):
    model = around(BETWEEN[kind]())
    kill(model.get_layer("a"), [1, 3], [-0.6, 0.4])
    x = inputs_of(model)

    shrinking = shrink(model, x)

    assert [one.after for one in shrinking.removed] == [3]
    between = shrinking.model.layers[2]
    assert {3, 6} >= {w.shape[-1] for w in between.weights if w.shape[-1] > 2}
    np.testing.assert_allclose(
        outputs(shrinking.model, x)[0], outputs(model, x)[0], atol=1e-5
    )


def test_a_scale_of_zero_is_the_death_of_what_is_scaled():
    model = around(layers.BatchNormalization(name="norm"))
    kill(model.get_layer("norm"), [0, 4], [0.0, 1.0])

    shrinking = shrink(model)

    assert [one.after for one in shrinking.removed] == [3]
    old, new = (one.get_layer("norm") for one in (model, shrinking.model))
    np.testing.assert_array_equal(
        to_numpy(new.moving_mean.value), to_numpy(old.moving_mean.value)[1:4]
    )
    assert shrinking.largest_difference < 1e-5


def test_slopes_of_every_place_let_zeros_and_positive_constants_go():
    model = around(layers.PReLU())
    kill(model.get_layer("a"), [0, 1, 2], [0.0, 0.5, -0.5])

    shrinking = shrink(model)

    assert [one.after for one in shrinking.removed] == [3]
    assert "from place to place" in shrinking.left["a"]
    assert shrinking.largest_difference < 1e-5


def test_a_depthwise_kernel_of_zeros_kills_its_channel():
    model = around(layers.DepthwiseConv2D(3, padding="same", name="each"))
    layer = model.get_layer("each")
    kernel = np.array(to_numpy(layer.kernel.value))
    kernel[:, :, 2] = 0
    layer.kernel.assign(kernel)
    kill(model.get_layer("a"), [0], 0.5)

    shrinking = shrink(model)

    assert [one.after for one in shrinking.removed] == [4]
    assert "'each' pads" in shrinking.left["a"]
    assert shrinking.largest_difference < 1e-5


def test_batch_normalisation_in_training_mode_is_left():
    x = keras.Input((4,))
    y = layers.Dense(3, name="a")(x)
    y = layers.BatchNormalization(name="norm")(y, training=True)
    model = filled(keras.Model(x, layers.Dense(2, name="b")(y)))
    kill(model.get_layer("a"), [0])

    shrinking = shrink(model)

    assert shrinking.removed == ()
    assert set(shrinking.left) == {"a", "norm"}
