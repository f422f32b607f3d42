"""What mirrors a layer: adjoints of convolutions, and shapes by hand."""

import keras
import numpy as np
import pytest

from keras_trainkit.layers import RReLU
from keras_trainkit.layers import SquaredReLU
from keras_trainkit.layers import Swish
from keras_trainkit.pretraining.mirrors import mirrored
from keras_trainkit.pretraining.mirrors import repeated
from tests.helpers.arrays import to_numpy

L = keras.layers
RNG = np.random.default_rng(0)


def built(layer, shape):
    layer.build((None, *shape))
    return layer, layer.compute_output_shape((None, *shape))[1:]


def run(layers, x):
    for layer in layers:
        x = layer(x)
    return to_numpy(x)


def kinds(layers):
    return [type(layer).__name__ for layer in layers]


CONVOLUTIONS = {
    "same, stride 1": (L.Conv1D(3, 3, padding="same"), (7, 2)),
    "same, even kernel": (L.Conv1D(3, 4, padding="same"), (7, 2)),
    "same, odd size": (L.Conv1D(3, 3, 2, padding="same"), (7, 2)),
    "same, even size": (L.Conv1D(3, 3, 2, padding="same"), (8, 2)),
    "same, stride over kernel": (L.Conv1D(3, 2, 3, padding="same"), (8, 2)),
    "valid": (L.Conv1D(3, 3), (8, 2)),
    "valid, a rest": (L.Conv1D(3, 3, 2), (8, 2)),
    "valid, stride over kernel": (L.Conv1D(3, 1, 2), (8, 2)),
    "causal": (L.Conv1D(3, 3, padding="causal"), (6, 2)),
    "dilated": (L.Conv1D(3, 3, dilation_rate=2), (9, 2)),
    "dilated, same": (L.Conv1D(3, 3, padding="same", dilation_rate=2), (9, 2)),
    "dilated, even kernel": (
        L.Conv1D(3, 2, padding="same", dilation_rate=2),
        (9, 2),
    ),
    "two axes": (L.Conv2D(3, (3, 2), (2, 1), padding="same"), (5, 6, 2)),
    "two axes, a rest": (L.Conv2D(3, 3, (2, 3)), (6, 7, 2)),
    "three axes": (L.Conv3D(2, 2, 2), (3, 4, 3, 1)),
}


def as_in(mirror, kernel):
    """Returns the kernel of a convolution as what mirrors it holds it."""
    if "Transpose" in type(mirror).__name__:
        return kernel
    axes = tuple(range(kernel.ndim - 2))
    return np.flip(kernel, axes).swapaxes(-1, -2)


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_a_mirrored_convolution_is_its_adjoint(name):
    original, before = CONVOLUTIONS[name]
    config = {**original.get_config(), "use_bias": False}
    layer, behind = built(type(original).from_config(config), before)
    layers = mirrored(layer, before, behind)
    code = RNG.normal(size=(2, *behind)).astype("float32")
    assert run(layers, code).shape == (2, *before)
    (mirror,) = [one for one in layers if one.weights]
    mirror.kernel.assign(as_in(mirror, to_numpy(layer.kernel)))
    x = RNG.normal(size=(2, *before)).astype("float32")
    np.testing.assert_allclose(
        (run([layer], x) * code).sum(),
        (x * run(layers, code)).sum(),
        rtol=1e-3,
        atol=1e-3,
    )


def test_a_convolution_that_is_its_own_mirror_needs_no_cropping():
    layer, behind = built(L.Conv2D(4, 3, padding="same"), (5, 5, 2))
    assert kinds(mirrored(layer, (5, 5, 2), behind)) == ["Conv2D"]


OTHERS = {
    "dense": (L.Dense(3), (6,), ["Dense"]),
    "dense on sequences": (L.Dense(3), (5, 6), ["Dense"]),
    "max pooling": (L.MaxPooling2D(2), (4, 6, 1), ["UpSampling2D"]),
    "pooling, a rest": (
        L.MaxPooling2D(2),
        (5, 4, 1),
        ["UpSampling2D", "ZeroPadding2D"],
    ),
    "pooling, same": (
        L.AveragePooling1D(2, padding="same"),
        (5, 1),
        ["UpSampling1D", "Cropping1D"],
    ),
    "pooling, overlapping": (
        L.MaxPooling1D(3, 2),
        (8, 1),
        ["UpSampling1D", "ZeroPadding1D"],
    ),
    "pooling, three axes": (L.AveragePooling3D(2), (2, 2, 4, 1), None),
    "global pooling": (
        L.GlobalAveragePooling2D(),
        (3, 5, 2),
        ["Reshape", "UpSampling2D"],
    ),
    "global pooling, sequences": (L.GlobalMaxPooling1D(), (4, 2), None),
    "flatten": (L.Flatten(), (2, 3, 2), ["Reshape"]),
    "reshape": (L.Reshape((3, 4)), (2, 6), ["Reshape"]),
    "permute": (L.Permute((3, 1, 2)), (2, 3, 4), ["Permute"]),
    "repeat": (L.RepeatVector(3), (4,), ["GlobalAveragePooling1D"]),
    "padding": (L.ZeroPadding2D(((1, 2), (0, 1))), (3, 3, 1), ["Cropping2D"]),
    "cropping": (L.Cropping1D((1, 2)), (6, 2), ["ZeroPadding1D"]),
    "separable": (L.SeparableConv2D(3, 3, 2), (5, 5, 2), None),
    "depthwise": (L.DepthwiseConv1D(3, depth_multiplier=2), (5, 2), None),
    "rescaling": (L.Rescaling(1 / 4, -1), (3,), ["Rescaling"]),
    "rescaling, each feature": (
        L.Rescaling([2.0, 4.0], [1.0, 0.0]),
        (2,),
        None,
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_the_shape_before_comes_back(name):
    layer, before, expected = OTHERS[name]
    layer, behind = built(type(layer).from_config(layer.get_config()), before)
    layers = mirrored(layer, before, behind)
    assert expected in (None, kinds(layers))
    code = RNG.normal(size=(2, *behind)).astype("float32")
    assert run(layers, code).shape == (2, *before)


@pytest.mark.parametrize(
    "name",
    [
        "flatten",
        "reshape",
        "permute",
        "repeat",
        "padding",
        "rescaling",
        "rescaling, each feature",
    ],
)
def test_what_lost_nothing_is_undone(name):
    layer, before, _ = OTHERS[name]
    layer, behind = built(type(layer).from_config(layer.get_config()), before)
    x = RNG.normal(size=(2, *before)).astype("float32")
    back = run([layer, *mirrored(layer, before, behind)], x)
    np.testing.assert_allclose(back, x, rtol=1e-5, atol=1e-6)


def test_pooling_over_the_whole_is_repeated():
    layer, behind = built(L.GlobalMaxPooling1D(), (3, 2))
    found = run(mirrored(layer, (3, 2), behind), np.array([[1.0, 2.0]]))
    assert found.tolist() == [[[1, 2]] * 3]


def test_sizes_of_channels_that_come_first():
    layer = L.MaxPooling2D(2, data_format="channels_first")
    (larger, more) = mirrored(layer, (3, 5, 4), (3, 2, 2))
    assert larger.data_format == more.data_format == "channels_first"
    middle = larger.compute_output_shape((None, 3, 2, 2))
    assert more.compute_output_shape(middle) == (None, 3, 5, 4)


@pytest.mark.parametrize(
    "layer, shape",
    [
        (L.LSTM(2), (4, 3)),
        (L.Conv1DTranspose(2, 3), (4, 3)),
        (L.UpSampling2D(2), (4, 4, 1)),
        (L.MaxPooling1D(2, data_format="channels_first"), (3, 4)),
        (L.Rescaling(0.0), (3,)),
    ],
    ids=["recurrent", "transposed", "larger", "channels first", "to nothing"],
)
def test_what_has_no_mirror_is_refused(layer, shape):
    with pytest.raises(ValueError, match="Pass a `decoder` of your own"):
        mirrored(layer, shape, layer.compute_output_shape((None, *shape))[1:])


@pytest.mark.parametrize(
    "layer, expected",
    [
        (L.Dense(2, activation="tanh"), ["Activation"]),
        (L.Dense(2), []),
        (L.MaxPooling1D(2), []),
        (L.LeakyReLU(0.3), ["LeakyReLU"]),
        (RReLU(0.1, 0.2), ["RReLU"]),
        (Swish(2.0), ["Swish"]),
        (SquaredReLU(), ["SquaredReLU"]),
        (L.BatchNormalization(trainable=False), ["BatchNormalization"]),
    ],
    ids=[
        "activation",
        "none",
        "pooling",
        "leaky",
        "ours",
        "swish",
        "squared",
        "normalisation",
    ],
)
def test_what_is_repeated_besides_weights(layer, expected):
    found = repeated(layer)
    assert kinds(found) == expected
    assert all(one is not layer and one.trainable for one in found)


def test_settings_of_what_is_repeated_are_kept():
    (found,) = repeated(L.LeakyReLU(0.3, name="leaky"))
    assert found.negative_slope == 0.3 and found.name != "leaky"


def test_an_initializer_that_suits_every_shape_is_kept():
    start = keras.initializers.HeNormal(seed=3)
    layer, behind = built(L.Dense(3, kernel_initializer=start), (4,))
    (found,) = mirrored(layer, (4,), behind)
    assert isinstance(found.kernel_initializer, keras.initializers.HeNormal)
    assert found.kernel_initializer.seed != 3


def test_an_initializer_that_may_not_suit_is_left():
    layer, behind = built(L.Dense(3, kernel_initializer="identity"), (4,))
    (found,) = mirrored(layer, (4,), behind)
    assert isinstance(
        found.kernel_initializer, keras.initializers.GlorotUniform
    )


def test_dtype_policies_are_kept():
    layer, behind = built(L.Conv2D(2, 3, dtype="mixed_bfloat16"), (5, 5, 1))
    names = {
        one.dtype_policy.name for one in mirrored(layer, (5, 5, 1), behind)
    }
    assert names == {"mixed_bfloat16"}
