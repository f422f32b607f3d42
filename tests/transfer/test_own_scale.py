"""The range of values that a model's own layers bring to scale."""

import keras
import pytest

from keras_trainkit.transfer.own_scale import own_scale
from tests.models import zoo

layers = keras.layers
pytestmark = pytest.mark.one_backend


def images(*before):
    return keras.Sequential(
        [keras.Input((4, 4, 3)), *before, layers.Conv2D(2, 3, name="conv")],
        name="model",
    )


def nested():
    inputs = keras.Input((4, 4, 3))
    inner = images(layers.Rescaling(1 / 127.5, offset=-1.0, name="own"))
    return keras.Model(inputs, inner(layers.RandomFlip()(inputs)))


OWN = {
    "none": (images, None, []),
    "to unit": (
        lambda: images(layers.Rescaling(1 / 255, name="own")),
        (0.0, 255.0),
        ["own"],
    ),
    "nested": (nested, (0.0, 255.0), ["own"]),
    "from unit": (
        lambda: images(layers.Rescaling(2.0, offset=-1, name="own")),
        (0.0, 1.0),
        ["own"],
    ),
    "as EfficientNetV2": (
        lambda: images(layers.Rescaling(1 / 128, offset=-1, name="own")),
        (0.0, 255.0),
        ["own"],
    ),
    "and a normalisation": (
        lambda: images(
            layers.Rescaling(1 / 255, name="own"),
            layers.Normalization(mean=0.5, variance=0.1, name="norm"),
        ),
        (0.0, 255.0),
        ["own", "norm"],
    ),
    "a normalisation alone": (
        lambda: images(
            layers.Normalization(mean=0.5, variance=0.1, name="norm")
        ),
        None,
        ["norm"],
    ),
    "another factor": (
        lambda: images(layers.Rescaling(0.1, name="own")),
        None,
        ["own"],
    ),
    "a factor per channel": (
        lambda: images(layers.Rescaling([1 / 255] * 3, name="own")),
        None,
        ["own"],
    ),
    "behind arithmetic": (
        lambda: images(
            layers.Activation("tanh"), layers.Rescaling(1 / 255, name="own")
        ),
        None,
        [],
    ),
    "behind a convolution": (
        lambda: keras.Sequential(
            [images().layers[0], layers.Rescaling(1 / 255)]
        ),
        None,
        [],
    ),
    "subclassed": (zoo.subclassed, None, []),
}


@pytest.mark.parametrize("kind", OWN)
def test_what_a_model_says_of_its_scale(kind):
    make, scale, names = OWN[kind]
    assert own_scale(make()) == (scale, names)
