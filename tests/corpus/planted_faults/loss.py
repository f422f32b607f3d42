"""Last activation, loss and `from_logits` that do not go together."""

import keras
import numpy as np
from keras import layers
from keras import losses

from tests.corpus import arrays
from tests.corpus.planted_faults.common import SPARSE
from tests.corpus.planted_faults.common import adam
from tests.corpus.planted_faults.common import fault
from tests.corpus.planted_faults.common import hidden
from tests.corpus.planted_faults.common import on_digits
from tests.corpus.planted_faults.common import on_houses
from tests.corpus.planted_faults.common import sequential
from tests.corpus.program import Program


def _one_hot(y):
    return keras.utils.to_categorical(y, 10)


def softmax_taken_for_logits():
    model = sequential(
        (64,), hidden(), layers.Dense(10, "softmax", name="classes")
    )
    return on_digits(
        model,
        fault("loss activation", "classes", "The softmax is applied twice."),
        loss=losses.SparseCategoricalCrossentropy(from_logits=True),
    )


def logits_taken_for_probabilities():
    model = sequential((64,), hidden(), layers.Dense(10, name="classes"))
    return on_digits(
        model,
        fault("loss activation", "classes", "The loss expects probabilities."),
        loss=SPARSE,
    )


def sigmoids_with_categorical_loss():
    y = arrays.digits()[1]
    model = sequential(
        (64,), hidden(), layers.Dense(10, "sigmoid", name="classes")
    )
    return on_digits(
        model,
        fault(
            "activation loss",
            "classes",
            "Ten separate sigmoids where one distribution is meant.",
        ),
        loss="categorical_crossentropy",
        y=_one_hot(y[:600]),
        validation_data=None,
    )


def mean_squared_error_for_classes():
    y = arrays.digits()[1]
    model = sequential(
        (64,), hidden(), layers.Dense(10, "softmax", name="classes")
    )
    return on_digits(
        model,
        fault("loss", "classes", "Squared errors of probabilities."),
        loss="mse",
        y=_one_hot(y[:600]),
        validation_data=None,
        optimizer=keras.optimizers.SGD(0.01),
    )


def class_numbers_as_a_quantity():
    model = sequential((64,), hidden(), layers.Dense(1, name="digit"))
    return on_digits(
        model,
        fault(
            "loss activation architecture",
            "digit",
            "Digits are fitted as if 8 were twice as much as 4.",
        ),
        loss="mse",
    )


def cross_entropy_for_a_regression():
    model = sequential((5,), hidden(), layers.Dense(1, "sigmoid", name="price"))
    return on_houses(
        model,
        fault(
            "loss activation",
            "price",
            "A binary loss for prices, which are neither 0 nor 1.",
        ),
        loss="binary_crossentropy",
        trains=False,
    )


def poisson_on_a_linear_output():
    x = np.random.default_rng(0).normal(size=(500, 6)).astype("float32")
    y = np.random.default_rng(1).poisson(np.exp(0.5 + 0.5 * x[:, :1]))
    model = sequential((6,), hidden(), layers.Dense(1, name="count"))
    model.compile(adam(), "poisson")
    return Program(
        model,
        x[:400],
        y[:400].astype("float32"),
        epochs=40,
        validation_data=(x[400:], y[400:].astype("float32")),
        task="regression",
        faults=(
            fault(
                "activation loss numerics",
                "count",
                "The loss takes the logarithm of an output that goes below 0.",
            ),
        ),
    )


def divergence_of_raw_scores():
    y = arrays.digits()[1]
    model = sequential((64,), hidden(), layers.Dense(10, name="scores"))
    return on_digits(
        model,
        fault(
            "activation loss numerics",
            "scores",
            "The divergence is defined for probabilities.",
        ),
        loss="kl_divergence",
        y=_one_hot(y[:600]),
        validation_data=None,
    )


PROGRAMS = {
    "softmax_taken_for_logits": softmax_taken_for_logits,
    "logits_taken_for_probabilities": logits_taken_for_probabilities,
    "sigmoids_with_categorical_loss": sigmoids_with_categorical_loss,
    "mean_squared_error_for_classes": mean_squared_error_for_classes,
    "class_numbers_as_a_quantity": class_numbers_as_a_quantity,
    "cross_entropy_for_a_regression": cross_entropy_for_a_regression,
    "poisson_on_a_linear_output": poisson_on_a_linear_output,
    "divergence_of_raw_scores": divergence_of_raw_scores,
}
