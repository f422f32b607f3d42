"""Regressions of several inputs, and autoencoders."""

import keras
import numpy as np
from keras import layers
from sklearn import datasets

from tests.corpus import arrays
from tests.corpus.real_programs.common import Adam
from tests.corpus.real_programs.common import asked
from tests.corpus.real_programs.common import dense
from tests.corpus.real_programs.common import fault
from tests.corpus.real_programs.common import sequential


def four_layers_of_sigmoids(fixed):
    """Binary vectors and a real value that depends on pairs of bits."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, (600, 20)).astype("float32")
    y = 30 * x[:, 0] * x[:, 1] - 20 * x[:, 2] + 10 * x[:, 3] + 40
    y = y[:, None].astype("float32")
    if fixed:
        y = arrays.standardized(y, 500)
    inner = "relu" if fixed else "sigmoid"
    model = sequential(
        (20,),
        *(dense(100, inner, name=f"hidden_{n}") for n in range(4)),
        dense(1),
    )
    model.compile("adam", "mse")
    return asked(
        fixed,
        model,
        (x[:500], y[:500]),
        (x[500:], y[500:]),
        fault(
            "activation architecture",
            "hidden_0",
            "Four sigmoids in a row: gradients vanish.",
        ),
        fault("preprocessing data", "", "Targets from 20 to 80 unscaled."),
        epochs=40,
        task="regression",
        source="https://ai.stackexchange.com/questions/16557",
        fix="ReLU in the hidden layers, and a scaled output.",
    )


def accuracy_of_house_prices(fixed):
    x, y = arrays.houses()
    y = y[:, None] / 1000
    if fixed:
        x, y = arrays.standardized(x, 400), arrays.standardized(y, 400)
    narrow = keras.initializers.RandomNormal(stddev=0.05)
    model = sequential(
        (5,),
        dense(13, "relu", kernel_initializer=narrow),
        dense(1, kernel_initializer=narrow, name="price"),
    )
    model.compile(
        "adam", "mean_squared_error", metrics=["mae" if fixed else "accuracy"]
    )
    return asked(
        fixed,
        model,
        (x[:400], y[:400]),
        (x[400:], y[400:]),
        fault(
            "loss data", "price", "Accuracy of a regression is near 0.", True
        ),
        fault("preprocessing data", "", "Columns and prices unscaled."),
        batch_size=5,
        epochs=40,
        task="regression",
        source="https://stackoverflow.com/questions/48775305/what-function-"
        "defines-accuracy-in-keras-when-the-loss-is-mean-squared-error-mse",
        fix="The mean absolute error as metric (and scaled columns).",
    )


def one_two_three_through_a_sigmoid(fixed):
    x = np.tile(np.array([[1, 2, 3]], "float32"), (9, 1))
    if fixed:
        x = x / 4
    inputs = keras.Input((3,))
    z = dense(3, "relu" if not fixed else "tanh")(inputs)
    outputs = dense(3, "sigmoid", name="decoded")(z)
    model = keras.Model(inputs, outputs)
    model.compile(Adam(0.01) if fixed else "adadelta", "mse")
    return asked(
        fixed,
        model,
        (x, x),
        (x, x),
        fault(
            "activation preprocessing data",
            "decoded",
            "A sigmoid cannot give back 2 and 3.",
        ),
        fault("learning_rate optimizer epochs", "", "Adadelta at 0.001."),
        fault("data", "", "All nine rows are the same."),
        batch_size=4,
        epochs=100,
        source="https://stackoverflow.com/questions/44601367/"
        "keras-autoencoder-simple-example-has-a-strange-output",
        fix="Values that the last activation can reach, a better optimizer.",
    )


def lstm_that_is_never_negative(fixed):
    """Inputs and targets were standardised; the predictions stay in 0 to 1."""
    series = arrays.temperatures()
    x, y = arrays.windows((series - series.mean()) / series.std())
    model = sequential(
        (24, 1),
        layers.LSTM(32),
        dense(1, None if fixed else "sigmoid", name="value"),
    )
    model.compile("adam", "mse")
    return asked(
        fixed,
        model,
        (x[:500], y[:500]),
        (x[500:], y[500:]),
        fault(
            "activation preprocessing",
            "value",
            "Half of the standardised targets are below 0.",
        ),
        epochs=25,
        task="regression",
        source="https://stackoverflow.com/questions/60306255/"
        "keras-lstm-input-and-output-variable-ranges",
        fix="Unanswered: an output activation with negative values.",
    )


def genes_of_six_hundred_thousand(fixed):
    """An autoencoder whose columns reach from 0 to 620 000."""
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(400, 6)) @ rng.normal(size=(6, 60))
    x = np.exp(4 + 1.5 * hidden).clip(0, 620_000).astype("float32")
    if fixed:
        x = arrays.standardized(np.log1p(x), 320)
    stack = [dense(units, "relu") for units in (48, 24, 16, 24, 48)]
    model = sequential(
        (60,), *stack, dense(60, None if fixed else "relu", name="genes")
    )
    model.compile("adam", "mae")
    return asked(
        fixed,
        model,
        (x[:320], x[:320]),
        (x[320:], x[320:]),
        fault("preprocessing data", "", "Values from 0 to 620 000."),
        fault("activation", "genes", "ReLU at the end: outputs that stay 0."),
        epochs=50,
        task="regression",
        source="https://ai.stackexchange.com/questions/24910/autoencoder-"
        "predictions-missing-for-nodes-in-the-bottleneck-layer",
        fix="Unanswered: logarithms, standardised, and a linear output.",
    )


def one_missing_value(fixed):
    """A share between 0 and 1 from one-hot columns and one measurement."""
    rng = np.random.default_rng(0)
    kind = rng.integers(4, size=400)
    value = rng.normal(size=(400, 1))
    score = np.array([-1, 0, 0.5, 1])[kind] + value[:, 0]
    x = np.concatenate([np.eye(4)[kind], value], -1).astype("float32")
    y = (1 / (1 + np.exp(-score))).astype("float32")[:, None]
    if not fixed:
        x[123, 4] = np.nan
    model = sequential((5,), dense(16, "relu"), dense(1, "sigmoid"))
    model.compile("adam", "mse")
    return asked(
        fixed,
        model,
        (x[:320], y[:320]),
        (x[320:], y[320:]),
        fault("data numerics", "", "One value is NaN: so are all weights."),
        epochs=40,
        task="regression",
        source="https://github.com/keras-team/keras/issues/6447",
        fix="The row with NaN repaired.",
    )


def raw_diabetes(fixed):
    """The columns as they were measured, SGD, and a NaN after some steps."""
    x, y = arrays.shuffled(
        *datasets.load_diabetes(return_X_y=True, scaled=False)
    )
    x, y = x.astype("float32"), y.astype("float32")[:, None]
    if fixed:
        x, y = arrays.standardized(x, 350), arrays.standardized(y, 350)
    model = sequential((10,), dense(32, "relu"), dense(1))
    model.compile("sgd", "mse")
    return asked(
        fixed,
        model,
        (x[:350], y[:350]),
        (x[350:], y[350:]),
        fault(
            "preprocessing data learning_rate",
            "",
            "Columns in their hundreds and targets too.",
        ),
        epochs=40,
        task="regression",
        source="https://github.com/keras-team/keras/issues/510",
        fix="Every column standardised.",
    )


PROGRAMS = {
    "four_layers_of_sigmoids": four_layers_of_sigmoids,
    "accuracy_of_house_prices": accuracy_of_house_prices,
    "one_two_three_through_a_sigmoid": one_two_three_through_a_sigmoid,
    "lstm_that_is_never_negative": lstm_that_is_never_negative,
    "genes_of_six_hundred_thousand": genes_of_six_hundred_thousand,
    "one_missing_value": one_missing_value,
    "raw_diabetes": raw_diabetes,
}
