"""What looks like a fault and is none: textbooks, fine-tuning, odd scales."""

import keras
import numpy as np
from keras import layers
from sklearn import datasets

from tests.corpus import arrays
from tests.corpus.program import Program

SPARSE = "sparse_categorical_crossentropy"


def _features(rows=600, columns=5):
    rng = np.random.default_rng(0)
    return rng.normal(size=(rows, columns)).astype("float32")


def _digits(model, **given):
    train, test = arrays.held_out(*arrays.digits(800), 600)
    return Program(model, *train, validation_data=test, task="classes", **given)


def digits_by_squares_of_sigmoids():
    """The first network of a well-known book: plain descent at a rate of 3."""
    x, y = arrays.digits(800)
    train, test = arrays.held_out(x, np.eye(10)[y], 600)
    model = keras.Sequential(
        [
            layers.Input((64,)),
            layers.Dense(30, "sigmoid"),
            layers.Dense(10, "sigmoid"),
        ]
    )
    model.compile(keras.optimizers.SGD(3.0), "mse", metrics=["accuracy"])
    return Program(
        model,
        *train,
        batch_size=10,
        epochs=20,
        validation_data=test,
        task="classes",
    )


def wine_one_against_the_rest():
    x, y = arrays.shuffled(*datasets.load_wine(return_X_y=True))
    x = arrays.standardized(x, 130)
    train, test = arrays.held_out(x, np.eye(3)[y], 130)
    model = keras.Sequential(
        [
            layers.Input((13,)),
            layers.Dense(16, "relu"),
            layers.Dense(3, "sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    return Program(
        model,
        *train,
        batch_size=16,
        epochs=20,
        validation_data=test,
        task="classes",
    )


def wine_in_24_updates():
    """Wide layers learn a small set in few updates."""
    x, y = arrays.shuffled(*datasets.load_wine(return_X_y=True))
    train, test = arrays.held_out(arrays.standardized(x, 89), y, 89)
    model = keras.Sequential(
        [
            layers.Input((13,)),
            layers.Dense(256, "relu"),
            layers.Dense(256, "relu"),
            layers.Dense(3, "softmax"),
        ]
    )
    model.compile("adam", SPARSE)
    return Program(
        model, *train, epochs=8, validation_data=test, task="classes"
    )


def digits_fine_tuned():
    """Trained before, and then tuned with a rate of 1e-5."""
    model = keras.Sequential(
        [
            layers.Input((64,)),
            layers.Dense(64, "relu"),
            layers.Dense(10, "softmax"),
        ]
    )
    model.compile("adam", SPARSE)
    x, y = arrays.digits(1700)
    model.fit(x[800:], y[800:], epochs=10, verbose=0)
    model.compile(keras.optimizers.Adam(1e-5), SPARSE)
    return _digits(model, epochs=3)


def digits_at_a_twentieth():
    model = keras.Sequential(
        [
            layers.Input((64,)),
            layers.Dense(16, "relu"),
            layers.Dense(10, "softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.05), SPARSE)
    return _digits(model, epochs=10)


def digits_maxout():
    inputs = keras.Input((64,))
    pieces = layers.Reshape((24, 4))(layers.Dense(96)(inputs))
    outputs = layers.Dense(10, "softmax")(keras.ops.max(pieces, axis=-1))
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(0.005), SPARSE)
    return _digits(model, epochs=12)


def prices_scaled_back_in_the_model():
    x = _features()
    y = 2e5 + 5e4 * x[:, :1] - 3e4 * x[:, 1:2]
    train, test = arrays.held_out(x, y, 450)
    model = keras.Sequential(
        [
            layers.Input((5,)),
            layers.Dense(32, "relu"),
            layers.Dense(1),
            layers.Rescaling(float(y.std()), float(y.mean())),
        ]
    )
    model.compile(keras.optimizers.Adam(0.005), "mae")
    return Program(
        model, *train, epochs=30, validation_data=test, task="regression"
    )


def kelvins_from_a_bias():
    """The last bias begins at the mean of the targets."""
    x = _features()
    y = 288 + 8 * x[:, :1] + 3 * x[:, 1:2]
    train, test = arrays.held_out(x, y, 450)
    mean = keras.initializers.Constant(288.0)
    model = keras.Sequential(
        [
            layers.Input((5,)),
            layers.Dense(32, "relu"),
            layers.Dense(1, bias_initializer=mean),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return Program(
        model, *train, epochs=25, validation_data=test, task="regression"
    )


def logarithms_of_prices():
    """The mean is far above the spread, and soon learnt."""
    x = _features()
    y = 12 + 0.3 * x[:, :1] + 0.2 * x[:, 1:2] ** 2
    train, test = arrays.held_out(x, y, 450)
    model = keras.Sequential(
        [layers.Input((5,)), layers.Dense(32, "relu"), layers.Dense(1)]
    )
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return Program(
        model, *train, epochs=120, validation_data=test, task="regression"
    )


PROGRAMS = {
    "digits_by_squares_of_sigmoids": digits_by_squares_of_sigmoids,
    "wine_one_against_the_rest": wine_one_against_the_rest,
    "wine_in_24_updates": wine_in_24_updates,
    "digits_fine_tuned": digits_fine_tuned,
    "digits_at_a_twentieth": digits_at_a_twentieth,
    "digits_maxout": digits_maxout,
    "prices_scaled_back_in_the_model": prices_scaled_back_in_the_model,
    "kelvins_from_a_bias": kelvins_from_a_bias,
    "logarithms_of_prices": logarithms_of_prices,
}
