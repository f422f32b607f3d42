"""Which kernels are pruned, in which structure, of which layers."""

import keras
import numpy as np
import pytest

from keras_trainkit.compression.prunable import prunable_kernels
from keras_trainkit.compression.sparsity_report import sparsity_report
from tests.helpers.models import SubclassedMLP
from tests.helpers.models import mlp

LAYERS = keras.layers
pytestmark = pytest.mark.one_backend


def paths(model, structure=None, exclude=None):
    return [one.path for one in prunable_kernels(model, structure, exclude)]


class OwnKernel(keras.layers.Layer):
    def build(self, input_shape):
        self.matrix = self.add_weight((input_shape[-1], 2), name="matrix")
        self.state = self.add_weight((3, 3), trainable=False, name="state")

    def call(self, x):
        return x @ self.matrix


def mixed():
    inputs = keras.Input((4,), dtype="int32")
    x = LAYERS.Embedding(5, 8, name="embedding")(inputs)
    x = LAYERS.MultiHeadAttention(2, 4, name="attention")(x, x)
    x = LAYERS.LayerNormalization(name="norm")(x)
    x = LAYERS.Bidirectional(LAYERS.GRU(4), name="gru")(x)
    x = LAYERS.PReLU(name="prelu")(x)
    dense = LAYERS.Dense(8, name="shared")
    x = dense(dense(x))
    return keras.Model(inputs, OwnKernel(name="own")(x))


def test_kernels_alone_are_pruned():
    found = paths(mixed(), exclude=["attention/key", "gru"])
    assert found == [
        "attention/query/kernel",
        "attention/value/kernel",
        "attention/attention_output/kernel",
        "shared/kernel",
        "own/matrix",
    ]


def test_recurrent_kernels_are_found_in_their_cells():
    found = paths(mixed(), exclude=["attention", "shared", "own"])
    assert [path.rsplit("/", 1)[1] for path in found] == [
        "kernel",
        "recurrent_kernel",
    ] * 2


def test_a_kernel_without_elements_is_none():
    inputs = keras.Input((0,))
    x = LAYERS.Dense(4, use_bias=False, name="empty")(inputs)
    model = keras.Model(inputs, LAYERS.Dense(2, name="head")(x))
    assert paths(model) == ["head/kernel"]
    report = sparsity_report(model)
    assert [one.sparsity for one in report.layers] == [0, 2 / 10]
    assert "0.0%" in str(report)


def test_frozen_kernels_are_among_them():
    model = mlp()
    model.trainable = False
    assert paths(model) == ["hidden/kernel", "head/kernel"]


def convolutional():
    inputs = keras.Input((8, 8, 3))
    x = LAYERS.Conv2D(4, 3, name="first")(inputs)
    x = LAYERS.DepthwiseConv2D(3, name="depthwise")(x)
    x = LAYERS.SeparableConv2D(4, 3, padding="same", name="separable")(x)
    x = y = LAYERS.BatchNormalization(name="norm")(x)
    x = LAYERS.Conv2DTranspose(4, 3, padding="same", name="transposed")(x)
    x = LAYERS.BatchNormalization(name="of_the_sum")(LAYERS.Add()([x, y]))
    x = LAYERS.GlobalAveragePooling2D()(x)
    one = LAYERS.Dense(2, name="one")(x)
    two = LAYERS.Dense(2, name="two")(x)
    return keras.Model(inputs, [one, LAYERS.Activation("softmax")(two)])


def test_filters_are_those_of_layers_that_make_no_output():
    kernels = prunable_kernels(convolutional(), "filters", None)
    found = {
        one.path: [variable.name for variable in one.biases] for one in kernels
    }
    assert found == {
        "first/kernel": ["bias"],
        "separable/pointwise_kernel": ["bias", "gamma", "beta"],
        # What normalises a sum belongs to no branch of it.
        "transposed/kernel": ["bias"],
    }


def test_the_last_layer_of_a_subclassed_model_makes_its_output():
    model = SubclassedMLP()
    model(np.zeros((1, 8)))
    assert paths(model, "filters") == ["hidden/kernel"]


def test_what_two_of_four_does_not_fit_is_named():
    with pytest.raises(ValueError, match="divisible by 4") as error:
        prunable_kernels(convolutional(), "2:4", None)
    names = "exclude=['depthwise', 'separable', 'first']"
    assert names in str(error.value)
    found = prunable_kernels(
        convolutional(), "2:4", ["depthwise", "separable", "first"]
    )
    axes = {one.path: one.incoming for one in found}
    assert axes["transposed/kernel"] == (0, 1, 3)
    assert axes["one/kernel"] == (0,)


def lora():
    model = mlp()
    model.get_layer("hidden").enable_lora(2)
    return model


def quantised():
    model = mlp()
    model.quantize("int8")
    return model


@pytest.mark.parametrize("make", [lora, quantised])
def test_layers_with_other_kernels_are_refused(make):
    with pytest.raises(ValueError, match="hidden"):
        prunable_kernels(make(), None, None)


def test_what_is_no_built_model_is_refused():
    with pytest.raises(TypeError, match="model"):
        prunable_kernels("model", None, None)
    with pytest.raises(ValueError, match="built"):
        prunable_kernels(keras.Sequential(), None, None)
    with pytest.raises(ValueError, match="leaves a kernel"):
        prunable_kernels(mlp(), None, "all")
