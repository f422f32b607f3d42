"""Whole decoders: their layers in order, their shapes, what is refused."""

import keras
import numpy as np
import pytest

from keras_trainkit.pretraining.mirrored_decoder import mirrored_decoder
from tests.helpers.models import SubclassedMLP

L = keras.layers


def sequential(shape, *layers):
    return keras.Sequential([keras.Input(shape), *layers], name="encoder")


def kinds(model):
    return [type(layer).__name__ for layer in model.layers]


def conv_net():
    return sequential(
        (9, 7, 2),
        L.Rescaling(1 / 2),
        L.Conv2D(4, 3, strides=2, use_bias=False),
        L.BatchNormalization(),
        L.ReLU(),
        L.MaxPooling2D(2),
        L.Dropout(0.1),
        L.Flatten(),
        L.Dense(5, activation="tanh"),
        L.LayerNormalization(),
    )


def functional():
    inputs = keras.Input((6,))
    x = L.Dense(4, activation="relu")(inputs)
    return keras.Model(inputs, L.Dense(2)(x), name="encoder")


def nested():
    inner = sequential((4,), L.Dense(3, activation="elu"), L.Dense(3))
    inputs = keras.Input((6,))
    x = L.Dense(4, activation="relu")(inputs)
    return keras.Model(inputs, L.Dense(2)(inner(x)), name="encoder")


ZOO = {
    "conv": (
        conv_net,
        "Dense Reshape UpSampling2D ZeroPadding2D BatchNormalization ReLU "
        "Conv2DTranspose Rescaling",
    ),
    "functional": (functional, "Dense Activation Dense"),
    "nested": (nested, "Dense Dense Activation Dense Activation Dense"),
}


@pytest.mark.parametrize("name", ZOO)
def test_layers_come_in_the_opposite_order(name):
    make, expected = ZOO[name]
    encoder = make()
    decoder = mirrored_decoder(encoder)
    assert kinds(decoder) == expected.split()
    assert decoder.input_shape == encoder.output_shape
    assert decoder.output_shape == encoder.input_shape
    assert decoder.built


def test_it_shares_no_weight_and_leaves_the_encoder_as_it_was():
    encoder = conv_net()
    before = [np.array(w) for w in encoder.get_weights()]
    decoder = mirrored_decoder(encoder)
    mine = {id(v) for v in encoder.variables}
    assert not mine & {id(v) for v in decoder.variables}
    for old, new in zip(before, encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert encoder.layers[0].output is not None


def test_activations_are_those_of_the_same_level():
    encoder = sequential(
        (6,), L.Dense(4, activation="relu"), L.Dense(2, activation="tanh")
    )
    decoder = mirrored_decoder(encoder)
    assert kinds(decoder) == ["Dense", "Activation", "Dense"]
    assert decoder.layers[1].activation is keras.activations.relu


def test_the_last_activation_is_what_is_asked_for():
    decoder = mirrored_decoder(functional(), activation="sigmoid")
    assert decoder.layers[-1].activation is keras.activations.sigmoid


def test_open_sizes_are_filled_in():
    encoder = sequential(
        (None, None, 1), L.Conv2D(2, 3, strides=2), L.GlobalMaxPooling2D()
    )
    decoder = mirrored_decoder(encoder, input_shape=(6, 7, 1))
    assert decoder.output_shape == (None, 6, 7, 1)


def branches():
    inputs = keras.Input((6,))
    x = L.Dense(6)(inputs)
    return keras.Model(inputs, L.Add()([x, inputs]))


def two_outputs():
    inputs = keras.Input((6,))
    return keras.Model(inputs, [L.Dense(2)(inputs), L.Dense(3)(inputs)])


def computed():
    inputs = keras.Input((6,))
    return keras.Model(inputs, L.Dense(2)(keras.ops.abs(inputs)))


def subclassed():
    model = SubclassedMLP()
    model(np.ones((1, 6)))
    return model


def not_built():
    return keras.Sequential([L.Dense(2)])


@pytest.mark.parametrize(
    "make, error, message",
    [
        (branches, ValueError, r"a chain of layers.*add.*Pass a `decoder`"),
        (two_outputs, ValueError, "one of its outputs, not 2"),
        (computed, ValueError, "a chain of layers"),
        (subclassed, TypeError, "Pass a `decoder` of your own"),
        (not_built, ValueError, "Give it an `Input`"),
        (lambda: L.Dense(2), TypeError, "a `keras.Model`"),
        (
            lambda: sequential((4, 2), L.LSTM(3)),
            ValueError,
            "LSTM.*Pass a `decoder` of your own",
        ),
        (
            lambda: sequential((None, 2), L.Conv1D(2, 3)),
            ValueError,
            "Pass `input_shape`",
        ),
    ],
    ids=[
        "branches",
        "two outputs",
        "an operation",
        "subclassed",
        "not built",
        "a layer",
        "no mirror",
        "open sizes",
    ],
)
def test_what_cannot_be_mirrored_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        mirrored_decoder(make())


def test_a_shape_that_the_encoder_does_not_take_is_refused():
    with pytest.raises(ValueError, match=r"such as 'encoder' takes: \(6,\)"):
        mirrored_decoder(functional(), input_shape=(5,))
