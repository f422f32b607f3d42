"""Losses and outputs for answers of yes or no, and for several at once."""

import keras
from keras import layers
from keras import losses

from tests.corpus import arrays
from tests.corpus.planted_faults.common import adam
from tests.corpus.planted_faults.common import fault
from tests.corpus.planted_faults.common import hidden
from tests.corpus.planted_faults.common import on_digits
from tests.corpus.planted_faults.common import sequential
from tests.corpus.program import Program


def _one_hot(y):
    return keras.utils.to_categorical(y, 10)


def softmax_over_one_unit():
    x, y = arrays.tags(labels=1)
    model = sequential(
        (20,), hidden(), layers.Dense(1, "softmax", name="answer")
    )
    model.compile(adam(), "binary_crossentropy", metrics=["accuracy"])
    return Program(
        model,
        x[:400],
        y[:400],
        epochs=40,
        validation_data=(x[400:], y[400:]),
        task="classes",
        faults=(fault("activation loss", "answer", "The output is always 1."),),
    )


def softmax_for_several_labels():
    """Rows have none, one or several of five labels."""
    x, y = arrays.tags()
    model = sequential(
        (20,), hidden(), layers.Dense(5, "softmax", name="labels")
    )
    model.compile(adam(), "binary_crossentropy")
    return Program(
        model,
        x[:400],
        y[:400],
        epochs=50,
        validation_data=(x[400:], y[400:]),
        task="labels",
        faults=(
            fault(
                "activation loss",
                "labels",
                "The softmax shares one unit of probability among labels "
                "that can hold together.",
            ),
        ),
    )


def categorical_loss_for_several_labels():
    x, y = arrays.tags()
    model = sequential(
        (20,), hidden(), layers.Dense(5, "softmax", name="labels")
    )
    model.compile(adam(), "categorical_crossentropy", metrics=["accuracy"])
    return Program(
        model,
        x[:400],
        y[:400],
        epochs=50,
        validation_data=(x[400:], y[400:]),
        task="labels",
        faults=(
            fault("loss activation", "labels", "The labels are not exclusive."),
        ),
    )


def linear_unit_with_binary_loss():
    x, y = arrays.tags(labels=1)
    model = sequential((20,), hidden(), layers.Dense(1, name="answer"))
    model.compile(adam(), "binary_crossentropy", metrics=["accuracy"])
    return Program(
        model,
        x[:400],
        y[:400],
        epochs=40,
        validation_data=(x[400:], y[400:]),
        task="classes",
        faults=(
            fault("activation loss", "answer", "No sigmoid, no from_logits."),
        ),
    )


def sigmoid_taken_for_logits():
    x, y = arrays.tags(labels=1)
    model = sequential(
        (20,), hidden(), layers.Dense(1, "sigmoid", name="answer")
    )
    model.compile(adam(), losses.BinaryCrossentropy(from_logits=True))
    return Program(
        model,
        x[:400],
        y[:400],
        epochs=40,
        validation_data=(x[400:], y[400:]),
        task="classes",
        faults=(
            fault("loss activation", "answer", "The sigmoid is applied twice."),
        ),
    )


def categorical_loss_over_one_unit():
    """The loss is 0 from the start whatever the network says."""
    x, y = arrays.tags(labels=1)
    model = sequential(
        (20,), hidden(), layers.Dense(1, "sigmoid", name="answer")
    )
    model.compile(adam(), "categorical_crossentropy", metrics=["accuracy"])
    return Program(
        model,
        x[:400],
        y[:400],
        epochs=40,
        validation_data=(x[400:], y[400:]),
        task="classes",
        faults=(
            fault(
                "loss activation",
                "answer",
                "A categorical loss needs a unit for each class.",
            ),
        ),
    )


def binary_loss_for_ten_classes():
    """It trains, and its accuracy is that of ten questions of one each."""
    y = arrays.digits()[1]
    model = sequential(
        (64,), hidden(), layers.Dense(10, "softmax", name="classes")
    )
    return on_digits(
        model,
        fault("loss activation", "classes", "Ten classes that exclude."),
        loss="binary_crossentropy",
        metrics=["binary_accuracy"],
        y=_one_hot(y[:600]),
        validation_data=None,
    )


PROGRAMS = {
    "softmax_over_one_unit": softmax_over_one_unit,
    "softmax_for_several_labels": softmax_for_several_labels,
    "categorical_loss_for_several_labels": categorical_loss_for_several_labels,
    "linear_unit_with_binary_loss": linear_unit_with_binary_loss,
    "sigmoid_taken_for_logits": sigmoid_taken_for_logits,
    "categorical_loss_over_one_unit": categorical_loss_over_one_unit,
    "binary_loss_for_ten_classes": binary_loss_for_ten_classes,
}
