"""Inputs and targets that were not brought to a scale."""

import numpy as np
from keras import layers

from tests.corpus import arrays
from tests.corpus.planted_faults.common import adam
from tests.corpus.planted_faults.common import fault
from tests.corpus.planted_faults.common import hidden
from tests.corpus.planted_faults.common import on_digits
from tests.corpus.planted_faults.common import on_houses
from tests.corpus.planted_faults.common import sequential
from tests.corpus.program import Program


def _split(x, y, rows):
    (x, y), held_out = arrays.held_out(x, y, rows)
    return {"x": x, "y": y, "validation_data": held_out}


def pixels_to_255():
    x, y = arrays.digit_images()
    model = sequential(
        (28, 28, 1),
        layers.Flatten(),
        layers.Dense(128, "sigmoid"),
        layers.Dense(10, "softmax"),
    )
    return on_digits(
        model,
        fault("preprocessing data", "", "Pixels go from 0 to 255."),
        **_split(255 * x, y, 600),
    )


def bytes_into_convolutions():
    x, y = arrays.photos()
    model = sequential(
        (32, 32, 3),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(4, "softmax"),
    )
    model.compile(
        adam(1e-2), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return Program(
        model,
        epochs=15,
        task="classes",
        faults=(
            fault(
                "preprocessing data", "", "Bytes of 0 to 255 are not rescaled."
            ),
        ),
        **_split(x, y, 320),
    )


def rescaled_twice():
    x, y = arrays.digit_images()
    model = sequential(
        (28, 28, 1),
        layers.Rescaling(1 / 255, name="rescaling"),
        layers.Flatten(),
        layers.Dense(64, "relu"),
        layers.Dense(10, "softmax"),
    )
    return on_digits(
        model,
        fault(
            "preprocessing data",
            "rescaling",
            "The pixels were in 0 to 1 already; now they end at 0.004.",
        ),
        **_split(x, y, 600),
    )


def unlike_columns():
    x, y = arrays.houses()
    y = arrays.standardized(y[:, None], 400)
    return on_houses(
        sequential((5,), hidden(), layers.Dense(1)),
        fault(
            "preprocessing data",
            "",
            "Rooms up to 7 stand beside incomes of 40 000.",
        ),
        **_split(x, y, 400),
    )


def prices_as_they_are():
    x, y = arrays.houses()
    x = arrays.standardized(x, 400)
    return on_houses(
        sequential((5,), hidden(), layers.Dense(1, name="price")),
        fault(
            "preprocessing data",
            "price",
            "Targets around 230 000 and outputs around 0.",
        ),
        **_split(x, y[:, None], 400),
    )


def sigmoid_for_raw_temperatures():
    series = arrays.temperatures()
    x, y = arrays.windows(series)
    model = sequential(
        (24, 1), layers.LSTM(32), layers.Dense(1, "sigmoid", name="degrees")
    )
    model.compile(adam(), "mse", metrics=["mae"])
    return Program(
        model,
        epochs=20,
        task="regression",
        faults=(
            fault(
                "activation preprocessing data",
                "degrees",
                "Temperatures up to 27 from a sigmoid.",
            ),
        ),
        **_split(x, y, 500),
    )


def seconds_since_1970():
    rng = np.random.default_rng(0)
    day = rng.uniform(0, 300, 500)
    y = np.sin(day / 20) + 0.1 * rng.normal(size=500)
    x = np.stack([1.6e9 + 86_400 * day, rng.normal(size=500)], -1)
    model = sequential((2,), hidden(), hidden(), layers.Dense(1))
    model.compile(adam(), "mse")
    return Program(
        model,
        epochs=50,
        task="regression",
        faults=(
            fault("preprocessing data", "", "Times of 1.6e9 as an input."),
        ),
        **_split(x, y.astype("float32")[:, None], 400),
    )


def word_numbers_as_quantities():
    x, y = arrays.sentences()
    model = sequential((40,), hidden(), layers.Dense(1, "sigmoid"))
    model.compile(adam(), "binary_crossentropy", metrics=["accuracy"])
    return Program(
        model,
        epochs=20,
        task="classes",
        faults=(
            fault(
                "preprocessing data architecture",
                "",
                "Numbers of words enter as quantities: no Embedding.",
            ),
        ),
        **_split(x, y, 480),
    )


def category_codes_as_quantities():
    rng = np.random.default_rng(0)
    code = rng.integers(300, size=600)
    effect = rng.normal(size=300)[code]
    other = rng.normal(size=600)
    y = (effect + other + 0.3 * rng.normal(size=600)).astype("float32")
    x = np.stack([code, other], -1).astype("float32")
    model = sequential((2,), hidden(), hidden(), layers.Dense(1))
    model.compile(adam(), "mse")
    return Program(
        model,
        epochs=50,
        task="regression",
        faults=(
            fault(
                "preprocessing data",
                "",
                "A shop's number, 0 to 299, is used as a quantity.",
            ),
        ),
        **_split(x, y[:, None], 480),
    )


PROGRAMS = {
    "pixels_to_255": pixels_to_255,
    "bytes_into_convolutions": bytes_into_convolutions,
    "rescaled_twice": rescaled_twice,
    "unlike_columns": unlike_columns,
    "prices_as_they_are": prices_as_they_are,
    "sigmoid_for_raw_temperatures": sigmoid_for_raw_temperatures,
    "seconds_since_1970": seconds_since_1970,
    "word_numbers_as_quantities": word_numbers_as_quantities,
    "category_codes_as_quantities": category_codes_as_quantities,
}
