import keras
import numpy as np
import pytest

from keras_trainkit.batch_norm.folding.channel_map import ChannelMap
from keras_trainkit.batch_norm.folding.channel_map import NotFoldable
from keras_trainkit.batch_norm.folding.passing import moved_back
from keras_trainkit.batch_norm.folding.passing import moved_on
from tests.helpers.normalized import assert_folded
from tests.helpers.normalized import assert_left
from tests.helpers.normalized import norm

layers = keras.layers
Dense, Conv2D = layers.Dense, layers.Conv2D

# Layers behind an input of that shape; "it" takes up "norm".
FOLDED = {
    "behind dropout and pooling": (
        (6, 6, 3),
        lambda: [
            Conv2D(4, 3, name="it"),
            layers.SpatialDropout2D(0.5),
            layers.MaxPooling2D(),
            layers.GlobalAveragePooling2D(),
            norm(),
        ],
    ),
    "before pooling, Flatten and Dense": (
        (6, 6, 3),
        lambda: [
            Conv2D(4, 3, activation="relu"),
            norm(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            Dense(5, name="it"),
        ],
    ),
    "before global pooling": (
        (6, 6, 3),
        lambda: [
            Conv2D(4, 3, activation="relu"),
            norm(),
            layers.Cropping2D(1),
            layers.AveragePooling2D(1),
            layers.GlobalMaxPooling2D(),
            Dense(5, name="it"),
        ],
    ),
}
LEFT = {
    "a padding layer behind": (
        (8, 8, 3),
        lambda: [norm(), layers.ZeroPadding2D(), Conv2D(4, 3)],
        "pads with zeros in between",
    ),
    "Flatten before": (
        (2, 2, 3),
        lambda: [Conv2D(4, 1), layers.Flatten(), norm()],
        "the Flatten 'flatten",
    ),
    "a recurrent layer before": (
        (4, 6),
        lambda: [layers.SimpleRNN(3), norm()],
        "the SimpleRNN",
    ),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("shape, make", FOLDED.values(), ids=FOLDED)
def test_is_folded(shape, make):
    assert_folded(shape, make())


@pytest.mark.one_backend
@pytest.mark.parametrize("shape, make, reason", LEFT.values(), ids=LEFT)
def test_is_left_with_the_reason(shape, make, reason):
    assert_left(shape, make(), reason)


SHAPE = (None, 6, 8, 3)
# A layer, and whether a map of channels may be moved across it.
CROSSED = {
    "dropout": (layers.Dropout(0.5), True),
    "noise": (layers.GaussianNoise(1.0), True),
    "linear": (layers.Activation("linear"), True),
    "relu": (layers.Activation("relu"), False),
    "max": (layers.MaxPooling2D(), True),
    "mean": (layers.AveragePooling2D(2), True),
    "mean over zeros": (layers.AveragePooling2D(2, padding="same"), False),
    "nearest": (layers.UpSampling2D(), True),
    "cubic": (layers.UpSampling2D(interpolation="bicubic"), False),
    "other channels": (
        layers.MaxPooling2D(data_format="channels_first"),
        False,
    ),
    "ELU": (layers.ELU(), False),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("move", [moved_back, moved_on])
@pytest.mark.parametrize("layer, crossed", CROSSED.values(), ids=CROSSED)
def test_layers_are_crossed_or_not(layer, crossed, move):
    mapping = ChannelMap(3, np.array([1.0, 0.0, 2.0]), np.ones(3))
    shapes = SHAPE, layer.compute_output_shape(SHAPE)
    if crossed:
        assert move(layer, mapping, shapes) is mapping
        return
    with pytest.raises(NotFoldable, match=layer.name):
        move(layer, mapping, shapes)


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "layer",
    [layers.MaxPooling2D(name="most"), layers.GlobalMaxPooling2D(name="most")],
    ids=["windows", "all"],
)
def test_a_negative_scale_does_not_cross_a_maximum(layer):
    mapping = ChannelMap(3, np.array([1.0, -1.0, 2.0]), np.ones(3))
    shapes = SHAPE, layer.compute_output_shape(SHAPE)
    with pytest.raises(NotFoldable, match=r"'most'.*negative"):
        moved_on(layer, mapping, shapes)


@pytest.mark.one_backend
@pytest.mark.parametrize("keepdims, axis", [(False, 1), (True, 3)])
def test_the_axis_moves_across_a_global_mean(keepdims, axis):
    layer = layers.GlobalAveragePooling2D(keepdims=keepdims)
    shapes = SHAPE, layer.compute_output_shape(SHAPE)
    mapping = ChannelMap(3, np.ones(3), np.ones(3))
    behind = moved_on(layer, mapping, shapes)
    assert behind.axis == axis
    assert moved_back(layer, behind, shapes).equals(mapping)


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "shape, order",
    [((None, None, 3), None), ((None, 3, 2), "channels_first")],
    ids=["unknown size", "channels first"],
)
def test_flatten_is_not_crossed(shape, order):
    layer = layers.Flatten(data_format=order, name="flat")
    mapping = ChannelMap(2, np.ones(3), np.ones(3))
    with pytest.raises(NotFoldable, match="'flat'"):
        moved_on(layer, mapping, (shape, None))
