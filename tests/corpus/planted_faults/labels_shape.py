"""Targets of another shape or kind than the output."""

import keras
from keras import layers

from tests.corpus import arrays
from tests.corpus.planted_faults.common import adam
from tests.corpus.planted_faults.common import fault
from tests.corpus.planted_faults.common import hidden
from tests.corpus.planted_faults.common import on_digits
from tests.corpus.planted_faults.common import on_houses
from tests.corpus.planted_faults.common import sequential
from tests.corpus.program import Program

PREVENTED = {"trains": False, "validation_data": None}


def two_columns_for_one_unit():
    x, y = arrays.tags(labels=1)
    model = sequential(
        (20,), hidden(), layers.Dense(1, "sigmoid", name="answer")
    )
    model.compile(adam(), "binary_crossentropy", metrics=["accuracy"])
    return Program(
        model,
        x[:400],
        keras.utils.to_categorical(y[:400, 0], 2),
        epochs=40,
        trains=False,
        faults=(
            fault(
                "data architecture loss",
                "answer",
                "One-hot targets of two columns for one sigmoid.",
            ),
        ),
    )


def three_units_for_one_target():
    """(n, 1) is compared with (n, 3) by broadcasting."""
    model = sequential((5,), hidden(), layers.Dense(3, name="price"))
    return on_houses(
        model,
        fault(
            "architecture loss data",
            "price",
            "Each of three outputs is fitted to the same price.",
        ),
    )


def a_sequence_for_one_target():
    """(n, 1) is compared with (n, 24, 1): every step answers for the last."""
    series = arrays.temperatures()
    x, y = arrays.windows((series - series.mean()) / series.std())
    model = sequential(
        (24, 1),
        layers.LSTM(32, return_sequences=True, name="lstm"),
        layers.Dense(1),
    )
    model.compile(adam(), "mse")
    return Program(
        model,
        x[:500],
        y[:500],
        epochs=20,
        validation_data=(x[500:], y[500:]),
        faults=(
            fault(
                "architecture loss data",
                "lstm",
                "The last LSTM returns the sequence instead of its end.",
            ),
        ),
    )


def no_flatten():
    """Images go to dense layers row by row: the output is (n, 28, 28, 10)."""
    model = sequential(
        (28, 28, 1),
        layers.Dense(32, "relu"),
        layers.Dense(10, "softmax", name="classes"),
    )
    return on_digits(
        model,
        fault(
            "architecture loss data",
            "classes",
            "A Flatten is missing: there is an answer for every pixel.",
        ),
        **PREVENTED,
    )


def targets_of_another_length():
    x, y = arrays.houses()
    y = arrays.standardized(y[:, None], 400)
    return on_houses(
        sequential((5,), hidden(), layers.Dense(1)),
        fault("data", "", "400 rows of inputs, 500 of targets."),
        x=arrays.standardized(x, 400)[:400],
        y=y,
        **PREVENTED,
    )


PROGRAMS = {
    "two_columns_for_one_unit": two_columns_for_one_unit,
    "three_units_for_one_target": three_units_for_one_target,
    "a_sequence_for_one_target": a_sequence_for_one_target,
    "no_flatten": no_flatten,
    "targets_of_another_length": targets_of_another_length,
}
