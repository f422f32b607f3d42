"""Faults of activations, SELU among them."""

import keras
from keras import layers

from tests.corpus.known_faults.networks import ACTIVATION
from tests.corpus.known_faults.networks import NORMALIZATION
from tests.corpus.known_faults.networks import SPARSE
from tests.corpus.known_faults.networks import functional
from tests.corpus.known_faults.networks import program
from tests.corpus.known_faults.networks import relu
from tests.corpus.known_faults.networks import sequential
from tests.corpus.known_faults.networks import subclassed
from tests.corpus.program import Fault


def linear_dense():
    model = sequential(
        layers.Dense(64, name="first"), layers.Dense(32), layers.Dense(1)
    )
    return program(model, Fault(ACTIVATION, "first", "No activation."))


def linear_through_dropout():
    model = sequential(
        layers.Dense(64, name="first"),
        layers.Dropout(0.2),
        layers.BatchNormalization(),
        layers.Dense(3, "softmax"),
        loss=SPARSE,
    )
    return program(model, Fault(ACTIVATION, "first", "No activation."))


def linear_convolutions():
    model = sequential(
        layers.Conv2D(8, 3, name="first"),
        layers.MaxPooling2D(),
        layers.Conv2D(8, 3),
        layers.Flatten(),
        layers.Dense(3, "softmax"),
        inputs=(16, 16, 1),
        loss=SPARSE,
    )
    return program(model, Fault(ACTIVATION, "first", "No activation."))


def linear_in_subclassed_model():
    model = subclassed(
        layers.Dense(64, name="first"),
        layers.Dropout(0.1),
        layers.Dense(1),
    )
    return program(model, Fault(ACTIVATION, "first", "No activation."))


def one_linear_of_two():
    inputs = keras.Input((16,))
    x = relu(64)(inputs)
    x = layers.Dense(64, name="forgotten")(x)
    outputs = layers.Dense(1)(x)
    return program(
        functional(inputs, outputs),
        Fault(ACTIVATION, "forgotten", "No activation."),
    )


def sigmoids():
    model = sequential(
        *[layers.Dense(32, "sigmoid", name=f"s_{i}") for i in range(4)],
        layers.Dense(3, "softmax"),
        loss=SPARSE,
    )
    return program(model, Fault(ACTIVATION, "s_0", "A stack of sigmoids."))


def sigmoid_convolutions():
    model = sequential(
        layers.Conv2D(8, 3, name="c_0"),
        layers.Activation("sigmoid"),
        layers.Conv2D(8, 3),
        layers.Activation("sigmoid"),
        layers.Flatten(),
        layers.Dense(32, "sigmoid"),
        layers.Dense(3, "softmax"),
        inputs=(12, 12, 1),
        loss=SPARSE,
    )
    return program(model, Fault(ACTIVATION, "c_0", "A stack of sigmoids."))


def two_sigmoids_and_plain_sgd():
    model = sequential(
        layers.Dense(16, "sigmoid", name="s_0"),
        layers.Dense(16, "sigmoid"),
        layers.Dense(1),
        optimizer="sgd",
    )
    return program(model, Fault(ACTIVATION, "s_0", "Two sigmoids and SGD."))


def deep_tanh():
    model = sequential(
        *[layers.Dense(16, "tanh", name=f"t_{i}") for i in range(14)],
        layers.Dense(1),
    )
    return program(
        model,
        Fault((*ACTIVATION, *NORMALIZATION), "t_0", "A deep stack of tanh."),
    )


def relu_before_softmax():
    model = sequential(
        relu(32),
        layers.Dense(5, "relu", name="scores"),
        layers.Activation("softmax"),
        loss=SPARSE,
    )
    return program(model, Fault(ACTIVATION, "scores", "ReLU, then softmax."))


def relu_before_sigmoid():
    inputs = keras.Input((16,))
    x = layers.Dense(1, name="score")(relu(32)(inputs))
    outputs = keras.ops.sigmoid(layers.ReLU()(x))
    return program(
        functional(inputs, outputs, "binary_crossentropy"),
        Fault(ACTIVATION, "score", "ReLU, then sigmoid."),
    )


def softmax_twice():
    model = sequential(
        relu(32),
        layers.Dense(5, "softmax", name="scores"),
        layers.Softmax(),
        loss=SPARSE,
    )
    return program(model, Fault(ACTIVATION, "scores", "Softmax twice."))


def relu_regression():
    model = sequential(relu(32), layers.Dense(1, "relu", name="price"))
    return program(model, Fault(ACTIVATION, "price", "ReLU at the end."))


def softmax_hidden():
    model = sequential(
        layers.Dense(32, name="hidden"),
        layers.Softmax(),
        layers.Dropout(0.2),
        layers.Dense(5, "softmax"),
        loss=SPARSE,
    )
    return program(model, Fault(ACTIVATION, "hidden", "Softmax inside."))


def relu_lstm():
    model = sequential(
        layers.Bidirectional(layers.LSTM(8, activation="relu"), name="lstm"),
        layers.Dense(1),
        inputs=(120, 2),
    )
    return program(model, Fault(ACTIVATION, "lstm", "ReLU in an LSTM."))


PROGRAMS = {
    build.__name__: build
    for build in (
        linear_dense,
        linear_through_dropout,
        linear_convolutions,
        linear_in_subclassed_model,
        one_linear_of_two,
        sigmoids,
        sigmoid_convolutions,
        two_sigmoids_and_plain_sgd,
        deep_tanh,
        relu_before_softmax,
        relu_before_sigmoid,
        softmax_twice,
        relu_regression,
        softmax_hidden,
        relu_lstm,
    )
}
