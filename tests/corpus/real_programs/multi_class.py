"""One of several classes, from tables and bags of words."""

import keras
import numpy as np
from keras import layers
from sklearn import datasets

from tests.corpus import arrays
from tests.corpus.real_programs.common import Adam
from tests.corpus.real_programs.common import asked
from tests.corpus.real_programs.common import dense
from tests.corpus.real_programs.common import fault
from tests.corpus.real_programs.common import one_hot
from tests.corpus.real_programs.common import sequential


def iris_for_one_epoch(fixed):
    x, y = arrays.shuffled(*datasets.load_iris(return_X_y=True))
    x = arrays.standardized(x, 100) if fixed else x.astype("float32")
    y = one_hot(y, 3)
    inner, count = ("relu", 2) if fixed else ("tanh", 5)
    model = sequential(
        (4,), *(dense(150, inner) for _ in range(count)), dense(3, "softmax")
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return asked(
        fixed,
        model,
        (x[:100], y[:100]),
        (x[100:], y[100:]),
        fault("epochs", "", "fit without epochs: one epoch of four steps."),
        fault("preprocessing", "", "Columns as they are.", True),
        fault("activation architecture", "", "Five wide tanh layers.", True),
        epochs=100 if fixed else 1,
        task="classes",
        source="https://55276.net/qa/?qa=864276%2F&show=864277",
        fix="ReLU, fewer layers, standardised columns, a hundred epochs.",
    )


def iris_with_sigmoids(fixed):
    """Three outputs that do not sum to 1, all near 0.45 for every row."""
    x, y = arrays.shuffled(*datasets.load_iris(return_X_y=True))
    x, y = arrays.standardized(x, 100), one_hot(y, 3)
    model = sequential(
        (4,),
        dense(8, "tanh" if fixed else "sigmoid"),
        dense(3, "softmax" if fixed else "sigmoid", name="kind"),
    )
    model.compile(
        Adam(0.01) if fixed else "sgd",
        "categorical_crossentropy" if fixed else "mean_squared_error",
    )
    return asked(
        fixed,
        model,
        (x[:100], y[:100]),
        (x[100:], y[100:]),
        fault("epochs learning_rate optimizer", "", "Forty steps of SGD."),
        fault("activation loss", "kind", "Squared errors of three sigmoids."),
        batch_size=16 if fixed else 25,
        epochs=100 if fixed else 10,
        task="classes",
        source="https://datascience.stackexchange.com/questions/13163/"
        "mlp-on-iris-data-not-working-but-it-does-fine-on-mnist-keras",
        fix="Unanswered: many more updates (and a softmax with its loss).",
    )


def topics_numbered_from_one(fixed):
    """A tokenizer numbered the five labels 1 to 5."""
    numbers, y = arrays.sentences(classes=5)
    x = np.zeros((len(numbers), 500), "float32")
    x[np.arange(len(x))[:, None], numbers] = 1
    y = y if fixed else y + 1
    model = sequential(
        (500,), dense(32, "relu"), dense(5, "softmax", name="topic")
    )
    model.compile(
        "adam", "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return asked(
        fixed,
        model,
        (x[:480], y[:480]),
        (x[480:], y[480:]),
        fault(
            "data loss architecture",
            "topic",
            "Labels 1 to 5 for five units, which are numbered 0 to 4.",
        ),
        epochs=20,
        task="classes",
        trains=False,
        source="http://pullrequest.ru/13662601/"
        "kolichestvo-vyhodov-plotnom-sloe-softmax",
        fix="One taken off every label.",
    )


def same_answer_for_every_row(fixed):
    """Fourteen and eight ReLUs, and Dropout behind every layer."""
    x, y = arrays.shuffled(*datasets.load_wine(return_X_y=True))
    x, y = arrays.standardized(x, 140), one_hot(y, 3)
    inputs = keras.Input((13,), name="in_x")
    z = dense(14, "relu", name="h1")(inputs)
    z = layers.Dropout(0.2 if fixed else 0.5)(z)
    z = dense(8, "relu", name="h2")(z)
    if not fixed:
        z = layers.Dropout(0.5)(z)
    outputs = dense(3, "softmax", name="out")(z)
    if not fixed:
        outputs = layers.Dropout(0.5, name="last")(outputs)
    model = keras.Model(inputs, outputs)
    model.compile(
        Adam(0.01) if fixed else "adam",
        "categorical_crossentropy" if fixed else "mse",
        metrics=["accuracy"],
    )
    return asked(
        fixed,
        model,
        (x[:140], y[:140]),
        (x[140:], y[140:]),
        fault("regularization architecture", "last", "Dropout of the answers."),
        fault("loss", "out", "Squared errors for classes."),
        batch_size=16,
        epochs=60 if fixed else 10,
        task="classes",
        source="https://github.com/keras-team/keras/issues/5992",
        fix="Unanswered: no Dropout behind the softmax, the categorical loss.",
    )


def digits_by_one_unit(fixed):
    """`y` is one column of numbers, the loss wants a column for each."""
    x, y = arrays.digits()
    model = sequential(
        (64,),
        dense(64, "relu"),
        dense(10, "softmax") if fixed else dense(1, name="number"),
    )
    model.compile(
        "adam",
        "sparse_categorical_crossentropy"
        if fixed
        else "categorical_crossentropy",
        metrics=["accuracy"],
    )
    y = y if fixed else y[:, None].astype("float32")
    return asked(
        fixed,
        model,
        (x[:600], y[:600]),
        (x[600:], y[600:]),
        fault(
            "loss activation architecture",
            "number",
            "One linear unit under a loss for one-hot rows.",
        ),
        epochs=30,
        task="classes",
        source="https://getcodesolution.com/python/"
        "why-are-neural-networks-not-learning/",
        fix="Targets, output and loss of one kind (there: squared errors).",
    )


PROGRAMS = {
    "iris_for_one_epoch": iris_for_one_epoch,
    "iris_with_sigmoids": iris_with_sigmoids,
    "topics_numbered_from_one": topics_numbered_from_one,
    "same_answer_for_every_row": same_answer_for_every_row,
    "digits_by_one_unit": digits_by_one_unit,
}
