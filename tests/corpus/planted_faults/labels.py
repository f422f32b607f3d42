"""Targets in a form that does not fit the loss or the output."""

import keras
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

PREVENTED = {"trains": False, "validation_data": None}


def _classifier(units=10):
    return sequential(
        (64,), hidden(), layers.Dense(units, "softmax", name="classes")
    )


def _one_hot_digits():
    return keras.utils.to_categorical(arrays.digits()[1][:600], 10)


def labels_from_one():
    return on_digits(
        _classifier(),
        fault("data loss architecture", "classes", "Labels go from 1 to 10."),
        y=arrays.digits()[1][:600] + 1,
        **PREVENTED,
    )


def fewer_units_than_classes():
    return on_digits(
        _classifier(5),
        fault("architecture loss data", "classes", "Five units, ten classes."),
        **PREVENTED,
    )


def one_hot_for_the_sparse_loss():
    return on_digits(
        _classifier(),
        fault("loss data", "classes", "The sparse loss wants label numbers."),
        y=_one_hot_digits(),
        **PREVENTED,
    )


def numbers_for_the_one_hot_loss():
    return on_digits(
        _classifier(),
        fault("loss data", "classes", "The loss wants one-hot rows."),
        loss="categorical_crossentropy",
        **PREVENTED,
    )


def signs_for_binary_loss():
    x, y = arrays.tags(labels=1)
    y = 2 * y - 1
    model = sequential(
        (20,), hidden(), layers.Dense(1, "sigmoid", name="answer")
    )
    model.compile(adam(), "binary_crossentropy", metrics=["accuracy"])
    return Program(
        model,
        x[:400],
        y[:400],
        epochs=40,
        validation_data=(x[400:], y[400:]),
        trains=False,
        faults=(
            fault("data loss", "answer", "Labels are -1 and 1, not 0 and 1."),
        ),
    )


def masks_of_255():
    x, y = arrays.segments()
    model = sequential(
        (32, 32, 1),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.Conv2D(1, 1, activation="sigmoid", name="mask"),
    )
    model.compile(adam(), "binary_crossentropy", metrics=["accuracy"])
    return Program(
        model,
        x[:160],
        255 * y[:160],
        batch_size=16,
        epochs=20,
        validation_data=(x[160:], 255 * y[160:]),
        trains=False,
        faults=(
            fault("data preprocessing loss", "mask", "The masks are 0 or 255."),
        ),
    )


def accuracy_of_a_regression():
    model = sequential((5,), hidden(), layers.Dense(1, name="price"))
    return on_houses(
        model,
        fault(
            "loss data",
            "price",
            "Accuracy counts prices met exactly.",
            mild=True,
        ),
        metrics=["accuracy"],
    )


def text_as_targets():
    names = np.array(["zero", "one", "two", "three", "four"] * 2)
    return on_digits(
        _classifier(),
        fault("data loss preprocessing", "", "The labels are words."),
        y=names[arrays.digits()[1][:600]],
        **PREVENTED,
    )


PROGRAMS = {
    "labels_from_one": labels_from_one,
    "fewer_units_than_classes": fewer_units_than_classes,
    "one_hot_for_the_sparse_loss": one_hot_for_the_sparse_loss,
    "numbers_for_the_one_hot_loss": numbers_for_the_one_hot_loss,
    "signs_for_binary_loss": signs_for_binary_loss,
    "masks_of_255": masks_of_255,
    "accuracy_of_a_regression": accuracy_of_a_regression,
    "text_as_targets": text_as_targets,
}
