"""Exclusive or and its kin. All rows there are serve as held-out rows."""

import keras
import numpy as np
from keras import layers

from tests.corpus import arrays
from tests.corpus.real_programs.common import SGD
from tests.corpus.real_programs.common import Adam
from tests.corpus.real_programs.common import asked
from tests.corpus.real_programs.common import dense
from tests.corpus.real_programs.common import fault
from tests.corpus.real_programs.common import sequential

FOUR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
XOR = np.array([[0], [1], [1], [0]], "float32")


def xor_by_one_softmax(fixed):
    model = sequential(
        (2,),
        dense(8 if fixed else 2, "tanh" if fixed else "sigmoid"),
        dense(1, "sigmoid" if fixed else "softmax", name="answer"),
    )
    model.compile(
        SGD(0.1) if fixed else "sgd",
        "binary_crossentropy" if fixed else "categorical_crossentropy",
    )
    return asked(
        fixed,
        model,
        (FOUR, XOR),
        (FOUR, XOR),
        fault("activation loss", "answer", "A softmax over one unit is 1."),
        fault("epochs batch_size", "", "Five updates in all."),
        fault("loss", "answer", "A categorical loss for one unit."),
        batch_size=1 if fixed else 32,
        epochs=1000 if fixed else 5,
        task="classes",
        source="https://github.com/keras-team/keras/issues/112",
        fix="A sigmoid with the binary loss, and far more updates.",
    )


def xor_by_two_sigmoids(fixed):
    model = sequential(
        (2,),
        dense(8, "tanh") if fixed else dense(2, "sigmoid"),
        dense(1, "sigmoid"),
    )
    model.compile(
        SGD(0.1) if fixed else "sgd",
        "binary_crossentropy",
        metrics=["accuracy"],
    )
    return asked(
        fixed,
        model,
        (FOUR, XOR[:, 0]),
        (FOUR, XOR[:, 0]),
        fault(
            "learning_rate optimizer epochs batch_size",
            "",
            "500 updates of plain SGD at 0.01 leave the outputs near 0.5.",
        ),
        fault("architecture activation", "", "Two sigmoids get stuck."),
        batch_size=1 if fixed else 4,
        epochs=1000 if fixed else 500,
        shuffle=fixed,
        task="classes",
        source="https://github.com/keras-team/keras/issues/1295",
        fix="Eight tanh units, SGD at 0.1, batches of one.",
    )


def xor_with_relu_output(fixed):
    """Every row in it is one of the four, many times."""
    x, y = arrays.shuffled(np.repeat(FOUR, 200, 0), np.repeat(XOR, 200, 0))
    if fixed:
        stack = [dense(8, "relu"), dense(8, "relu"), dense(1, "sigmoid")]
    else:
        stack = [
            dense(2, name="first"),
            dense(2, "relu"),
            dense(1, "relu", name="answer"),
        ]
    model = sequential((2,), *stack)
    model.compile(
        SGD(0.1) if fixed else "sgd",
        "binary_crossentropy" if fixed else "mean_squared_error",
    )
    return asked(
        fixed,
        model,
        (x, y),
        (FOUR, XOR),
        fault("activation", "answer", "A ReLU as output dies and stays 0."),
        fault("activation", "first", "The first layer has no activation."),
        fault("loss", "answer", "Squared errors for a yes or no."),
        fault("epochs", "", "Five epochs."),
        epochs=60 if fixed else 5,
        task="classes",
        source="https://stats.stackexchange.com/questions/433365/"
        "xor-with-neural-network",
        fix="A nonlinear first layer, sigmoid and binary loss, more epochs.",
    )


def xnor_by_two_relus(fixed):
    units = [20, 20] if fixed else [2]
    model = sequential(
        (2,),
        *(dense(n, "relu", name=f"hidden_{i}") for i, n in enumerate(units)),
        dense(1, "sigmoid"),
    )
    model.compile(
        Adam(0.01) if fixed else "sgd",
        "binary_crossentropy",
        metrics=["accuracy"],
    )
    return asked(
        fixed,
        model,
        (FOUR, 1 - XOR),
        (FOUR, 1 - XOR),
        fault("architecture activation", "hidden_0", "Two ReLUs, often dead."),
        fault("learning_rate optimizer epochs", "", "SGD at 0.01, 100 epochs."),
        batch_size=1,
        epochs=100,
        task="classes",
        source="http://pullrequest.ru/13148192/"
        "pochemu-mogu-obuchit-ann-dlya-xnor",
        fix="Two hidden layers of 20 units, or leaky ones and Adam at 0.01.",
    )


def is_the_sum_large(fixed):
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 1, (300, 2)).astype("float32")
    y = (x.sum(-1) > 1).astype("int32")
    small = keras.initializers.RandomUniform(-0.05, 0.05)
    model = sequential(
        (2,),
        dense(64, "tanh", kernel_initializer=small),
        layers.Dropout(0.5),
        dense(64, "tanh", kernel_initializer=small),
        layers.Dropout(0.5),
        dense(
            1,
            "sigmoid" if fixed else "softmax",
            kernel_initializer=small,
            name="answer",
        ),
    )
    model.compile(
        SGD(0.1, momentum=0.9, nesterov=True),
        "binary_crossentropy" if fixed else "mean_squared_error",
    )
    return asked(
        fixed,
        model,
        (x[:200], y[:200]),
        (x[200:], y[200:]),
        fault("activation loss", "answer", "A softmax over one unit is 1."),
        fault("loss", "answer", "Squared errors for a yes or no."),
        batch_size=16,
        epochs=20,
        task="classes",
        source="https://github.com/keras-team/keras/issues/126",
        fix="Unanswered: a sigmoid instead of the softmax.",
    )


def next_bit(fixed):
    """A shift register: each bit is the exclusive or of two before it."""
    bits = [1, 0, 0, 1, 1]
    while len(bits) < 405:
        bits.append(bits[-2] ^ bits[-5])
    bits = np.array(bits, "float32")
    x, y = arrays.windows(bits, 5)
    model = sequential(
        (5, 1),
        layers.LSTM(16 if fixed else 1, name="lstm"),
        dense(1, "sigmoid" if fixed else "softmax", name="answer"),
    )
    model.compile(
        Adam(0.01) if fixed else "adagrad",
        "binary_crossentropy",
        metrics=["accuracy"],
    )
    return asked(
        fixed,
        model,
        (x[:300], y[:300]),
        (x[300:], y[300:]),
        fault("activation loss", "answer", "A softmax over one unit is 1."),
        fault("architecture", "lstm", "An LSTM of a single unit."),
        fault("learning_rate optimizer", "", "Adagrad at 0.001."),
        batch_size=32 if fixed else 256,
        epochs=100,
        task="classes",
        source="https://stackoverflow.com/questions/46620813/"
        "keras-lstm-model-not-learning-binary-sequence",
        fix="A sigmoid, more units, smaller batches.",
    )


PROGRAMS = {
    "xor_by_one_softmax": xor_by_one_softmax,
    "xor_by_two_sigmoids": xor_by_two_sigmoids,
    "xor_with_relu_output": xor_with_relu_output,
    "xnor_by_two_relus": xnor_by_two_relus,
    "is_the_sum_large": is_the_sum_large,
    "next_bit": next_bit,
}
