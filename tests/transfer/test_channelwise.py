"""What acts on channels alike: grey in three channels stays grey."""

import keras
import numpy as np
import pytest

from keras_trainkit.transfer.channelwise import is_channelwise
from keras_trainkit.transfer.channelwise import keeps_range
from keras_trainkit.transfer.input_stem import InputStem

layers = keras.layers
pytestmark = pytest.mark.one_backend


class OwnFlip(layers.RandomFlip):
    """A layer of a user's class."""


@pytest.mark.parametrize(
    "layer, alike, same_range",
    [
        (layers.ZeroPadding2D(), True, True),
        (layers.RandomFlip(), True, True),
        (layers.Rescaling(2.0), True, False),
        (layers.Normalization(), True, False),
        (layers.Softmax(), False, False),
        (layers.UnitNormalization(), False, False),
        (layers.Flatten(), False, False),
        (layers.Lambda(lambda x: x), False, False),
        (OwnFlip(), False, False),
    ],
    ids=lambda one: getattr(one, "name", str(one)),
)
def test_which_layers_do(layer, alike, same_range):
    assert is_channelwise(layer) == alike
    assert keeps_range(layer) == same_range


@pytest.mark.parametrize(
    "call, alike",
    [
        (lambda x: x / 255.0 - 1.0, True),
        (lambda x: keras.ops.clip(x, 0, 1), True),
        (lambda x: x[..., ::-1], False),
        (lambda x: keras.ops.mean(x, axis=-1, keepdims=True), False),
    ],
    ids=["arithmetic", "clip", "reversed", "mean"],
)
def test_which_arithmetic_does(call, alike):
    inputs = keras.Input((4, 4, 3))
    outputs = layers.Conv2D(2, 3, name="conv")(call(inputs))
    model = keras.Model(inputs, outputs)
    if alike:
        before = InputStem(model).before
        assert before and all(map(is_channelwise, before))
    else:
        with pytest.raises(ValueError, match="treat all channels alike"):
            InputStem(model)
    assert np.shape(model.outputs[0])[-1] == 2
