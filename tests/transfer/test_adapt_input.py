"""Pretrained models that read images with other channels."""

import keras
import numpy as np
import pytest

from keras_trainkit.transfer.adapt_input import adapt_input
from tests.helpers.arrays import to_numpy

layers = keras.layers
RNG = np.random.default_rng(0)
GREY = RNG.random((2, 6, 6, 1)).astype("float32")


def conv(name="conv", **options):
    return layers.Conv2D(4, 3, padding="same", name=name, **options)


def sequential(*before):
    return keras.Sequential(
        [
            keras.Input((6, 6, 3)),
            *before,
            conv(),
            layers.BatchNormalization(name="norm"),
            layers.GlobalAveragePooling2D(),
        ],
        name="model",
    )


def nested(*before):
    inputs = keras.Input((6, 6, 3))
    inner = sequential(*before)
    inner.name = "inner"
    return keras.Model(inputs, layers.Dense(2, name="head")(inner(inputs)))


def adapted():
    norm = layers.Normalization(name="scale")
    norm.adapt(np.repeat(10 * GREY, 3, axis=-1))
    return sequential(norm)


MODELS = {
    "sequential": sequential,
    "nested": nested,
    "rescaled": lambda: nested(
        layers.Rescaling(1 / 255), layers.CenterCrop(5, 5)
    ),
    "normalised": lambda: nested(
        layers.Normalization(mean=[1.0] * 3, variance=[4.0] * 3)
    ),
    "normalised as one": lambda: sequential(
        layers.Normalization(axis=None, mean=1.0, variance=4.0)
    ),
    "adapted": adapted,
}


def shaken(model):
    """Moves statistics and biases away from where they start."""
    for weight in model.weights:
        if "scale" not in weight.path:
            noise = RNG.random(weight.shape).astype("float32")
            weight.assign(0.1 + noise)
    return model


def called(model, x):
    # CenterCrop trains by default, and so do the layers behind it.
    return to_numpy(model(x, training=False))


def values(model):
    return [to_numpy(w.value) for w in model.weights]


@pytest.mark.parametrize("kind", MODELS)
def test_a_grey_image_gives_what_it_gave_in_all_channels(kind):
    model = shaken(MODELS[kind]())
    before = values(model)
    grey = adapt_input(model, 1)
    assert grey.input_shape == (None, 6, 6, 1)
    expected = called(model, GREY.repeat(3, -1))
    np.testing.assert_allclose(called(grey, GREY), expected, rtol=1e-5)
    np.testing.assert_equal(values(model), before)
    mine = {id(w) for w in model.weights}
    assert not mine & {id(w) for w in grey.weights}


@pytest.mark.parametrize("kind", ["nested", "adapted"])
def test_an_image_in_six_channels_gives_what_it_gave_in_three(kind):
    model = shaken(MODELS[kind]())
    image = RNG.random((2, 6, 6, 3)).astype("float32")
    six = adapt_input(model, np.int64(6))
    found = called(six, np.concatenate([image, image], axis=-1))
    np.testing.assert_allclose(found, called(model, image), rtol=1e-5)


@pytest.mark.one_backend
@pytest.mark.one_backend
def test_statistics_per_channel_are_repeated():
    scale = layers.Rescaling([1.0, 2.0, 4.0], name="scale")
    norm = layers.Normalization(mean=[1.0, 2, 3], variance=[1.0, 4, 9])
    four = adapt_input(sequential(scale, norm), 4)
    assert list(four.layers[0].scale) == [1.0, 2.0, 4.0, 1.0]
    mean = to_numpy(four.layers[1].mean).ravel()
    np.testing.assert_array_equal(mean, [1, 2, 3, 1])


@pytest.mark.one_backend
def test_all_else_stays_as_it_was():
    model = nested()
    kernel = model.get_layer("inner").get_layer("conv").kernel
    kernel.constraint = keras.constraints.MaxNorm(2.0)
    model.get_layer("inner").trainable = False
    model.compile("sgd", "mse")
    two = adapt_input(model, 2)
    found = two.get_layer("inner").get_layer("conv").kernel
    assert isinstance(found.constraint, keras.constraints.MaxNorm)
    assert [w.path for w in two.trainable_weights] == [
        "head/kernel",
        "head/bias",
    ]
    assert two.name == model.name
    assert model.compiled and not two.compiled


@pytest.mark.one_backend
def test_a_single_frozen_variable_stays_frozen():
    model = sequential()
    model.get_layer("conv").kernel.trainable = False
    layer = adapt_input(model, 2).get_layer("conv")
    assert not layer.kernel.trainable and layer.bias.trainable


def test_dtype_policies_are_kept():
    inputs = keras.Input((6, 6, 3))
    model = keras.Model(inputs, conv(dtype="mixed_bfloat16")(inputs))
    layer = adapt_input(model, 1).get_layer("conv")
    assert layer.dtype_policy.name == "mixed_bfloat16"


@pytest.mark.one_backend
def test_channels_may_come_first():
    inputs = keras.Input((3, 6, 6))
    layer = conv(data_format="channels_first")
    model = keras.Model(inputs, layer(inputs))
    found = adapt_input(model, 1)
    assert found.input_shape == (None, 1, 6, 6)
    assert found.get_layer("conv").kernel.shape == (3, 3, 1, 4)


def with_means_of_channels():
    inputs = keras.Input((6, 6, 3))
    x = inputs - np.array([103.0, 116.0, 123.0], "float32")
    return keras.Model(inputs, conv()(x))


REFUSED = {
    "no channel": (sequential, 0, ValueError, "at least 1.*channels=0"),
    "a float": (sequential, 1.0, TypeError, "an integer"),
    "a boolean": (sequential, True, TypeError, "an integer"),
    "a mean per channel": (
        lambda: sequential(
            layers.Normalization(mean=[1.0, 2, 3], variance=[1.0] * 3)
        ),
        1,
        ValueError,
        r"unlike each other, by \[1.0, 2.0, 3.0\].*Repeat a grey image",
    ),
    "a scale per channel": (
        lambda: sequential(layers.Rescaling([1.0, 2, 3])),
        1,
        ValueError,
        "unlike each other",
    ),
    "a mean per row": (
        lambda: sequential(layers.Normalization(axis=1)),
        2,
        ValueError,
        "not for the axes",
    ),
    "broadcast to three": (
        with_means_of_channels,
        1,
        ValueError,
        "3 where a layer before.*3 channels arrive",
    ),
    "not to be broadcast": (
        with_means_of_channels,
        4,
        ValueError,
        "3 where a layer before",
    ),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_done_is_refused(kind):
    make, channels, error, message = REFUSED[kind]
    model = make()
    before = values(model)
    with pytest.raises(error, match=message):
        adapt_input(model, channels)
    np.testing.assert_equal(values(model), before)
