"""Activations that are missing, in the wrong place or of the wrong kind."""

from keras import layers

from tests.corpus import arrays
from tests.corpus.planted_faults.common import adam
from tests.corpus.planted_faults.common import fault
from tests.corpus.planted_faults.common import hidden
from tests.corpus.planted_faults.common import on_digits
from tests.corpus.planted_faults.common import on_houses
from tests.corpus.planted_faults.common import sequential
from tests.corpus.program import Program


def linear_stack():
    model = sequential(
        (64,),
        layers.Dense(128, name="dense_a"),
        layers.Dense(64, name="dense_b"),
        layers.Dense(10, "softmax"),
    )
    return on_digits(
        model,
        fault("activation", "dense_a", "The layers are one linear map."),
    )


def linear_convolutions():
    model = sequential(
        (28, 28, 1),
        layers.Conv2D(16, 3, name="conv_1"),
        layers.AveragePooling2D(2),
        layers.Conv2D(32, 3, name="conv_2"),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(10, "softmax"),
    )
    return on_digits(
        model,
        fault("activation", "conv_1", "No convolution has an activation."),
        epochs=10,
    )


def deep_sigmoids():
    model = sequential((64,))
    for number in range(8):
        model.add(layers.Dense(64, "sigmoid", name=f"sigmoid_{number}"))
    model.add(layers.Dense(10, "softmax"))
    return on_digits(
        model,
        fault(
            "activation architecture",
            "sigmoid_0",
            "Gradients fade by four or more in each of eight sigmoids.",
        ),
    )


def deep_saturating_convolutions():
    model = sequential((28, 28, 1))
    for number in range(6):
        model.add(
            layers.Conv2D(
                16, 3, padding="same", activation="sigmoid", name=f"c{number}"
            )
        )
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(10, "softmax"))
    return on_digits(
        model,
        fault("activation", "c0", "Six convolutions with sigmoids."),
        epochs=10,
    )


def softmax_inside():
    model = sequential(
        (64,),
        hidden(64),
        layers.Dense(64, "softmax", name="inner"),
        hidden(32),
        layers.Dense(10, "softmax"),
    )
    return on_digits(
        model,
        fault("activation", "inner", "A softmax as hidden activation."),
    )


def exponential_inside():
    model = sequential(
        (5,),
        hidden(64, "exponential", name="hidden_1"),
        hidden(64, "exponential", name="hidden_2"),
        layers.Dense(1),
    )
    return on_houses(
        model,
        fault(
            "activation numerics",
            "hidden_1",
            "Exponentials of exponentials leave the range of floats.",
        ),
    )


def relu_inside_lstm():
    model = sequential(
        (24, 1),
        layers.LSTM(
            64, activation="relu", return_sequences=True, name="lstm_1"
        ),
        layers.LSTM(64, activation="relu", name="lstm_2"),
        layers.Dense(1),
    )
    model.compile(adam(0.01), "mse")
    series = arrays.temperatures()
    x, y = arrays.windows((series - series.mean()) / series.std())
    return Program(
        model,
        x[:500],
        y[:500],
        epochs=20,
        validation_data=(x[500:], y[500:]),
        task="regression",
        faults=(
            fault(
                "activation numerics optimizer",
                "lstm_1",
                "The state of an LSTM with ReLU is not bounded.",
            ),
        ),
    )


PROGRAMS = {
    "linear_stack": linear_stack,
    "linear_convolutions": linear_convolutions,
    "deep_sigmoids": deep_sigmoids,
    "deep_saturating_convolutions": deep_saturating_convolutions,
    "softmax_inside": softmax_inside,
    "exponential_inside": exponential_inside,
    "relu_inside_lstm": relu_inside_lstm,
}
