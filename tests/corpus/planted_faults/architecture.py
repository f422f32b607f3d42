"""Layers that lose what the task needs."""

import keras
from keras import layers

from tests.corpus import arrays
from tests.corpus.planted_faults.common import adam
from tests.corpus.planted_faults.common import fault
from tests.corpus.planted_faults.common import hidden
from tests.corpus.planted_faults.common import on_digits
from tests.corpus.planted_faults.common import sequential
from tests.corpus.program import Program


def one_unit_in_the_middle():
    model = sequential(
        (64,),
        hidden(),
        layers.Dense(1, "relu", name="narrow"),
        hidden(),
        layers.Dense(10, "softmax"),
    )
    return on_digits(
        model,
        fault(
            "architecture activation",
            "narrow",
            "Ten classes have to pass through a single ReLU.",
        ),
    )


def vocabulary_too_small():
    """Numbers of words go to 499; the table has 200 rows."""
    x, y = arrays.sentences()
    model = sequential(
        (40,),
        layers.Embedding(200, 16, name="embedding"),
        layers.GlobalAveragePooling1D(),
        layers.Dense(1, "sigmoid"),
    )
    model.compile(adam(), "binary_crossentropy", metrics=["accuracy"])
    return Program(
        model,
        x[:480],
        y[:480],
        epochs=20,
        trains=False,
        faults=(
            fault(
                "data architecture preprocessing",
                "embedding",
                "Words beyond the table's 200 rows.",
            ),
        ),
    )


def softmax_over_time():
    """The softmax of a tagger runs over the words instead of the tags."""
    x, _ = arrays.sentences()
    model = sequential(
        (40,),
        layers.Embedding(500, 32),
        layers.Bidirectional(layers.GRU(16, return_sequences=True)),
        layers.Dense(5),
        layers.Softmax(axis=1, name="tags"),
    )
    model.compile(
        adam(5e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return Program(
        model,
        x[:480],
        x[:480] % 5,
        epochs=15,
        faults=(
            fault(
                "activation architecture loss",
                "tags",
                "Each tag's values over the 40 words sum to 1.",
            ),
        ),
    )


def relu_for_a_probability():
    """Two classes from one unit that ends in a ReLU."""
    x, y = arrays.photos(classes=2)
    inputs = keras.Input((32, 32, 3))
    z = layers.Rescaling(1 / 255)(inputs)
    z = layers.Conv2D(8, 3, strides=2, activation="relu")(z)
    z = layers.GlobalAveragePooling2D()(z)
    z = layers.Dense(8, "relu")(z)
    outputs = layers.Dense(1, "relu", name="answer")(z)
    model = keras.Model(inputs, outputs)
    model.compile(adam(), "binary_crossentropy", metrics=["accuracy"])
    return Program(
        model,
        x[:320],
        y[:320].astype("float32"),
        epochs=15,
        validation_data=(x[320:], y[320:].astype("float32")),
        task="classes",
        faults=(
            fault(
                "activation loss numerics",
                "answer",
                "A ReLU gives what a binary loss takes for a probability.",
            ),
        ),
    )


PROGRAMS = {
    "one_unit_in_the_middle": one_unit_in_the_middle,
    "vocabulary_too_small": vocabulary_too_small,
    "softmax_over_time": softmax_over_time,
    "relu_for_a_probability": relu_for_a_probability,
}
