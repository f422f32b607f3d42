"""Texts and other sequences."""

from keras import layers

from tests.corpus import arrays
from tests.corpus.real_programs.common import Adam
from tests.corpus.real_programs.common import asked
from tests.corpus.real_programs.common import dense
from tests.corpus.real_programs.common import fault
from tests.corpus.real_programs.common import one_hot
from tests.corpus.real_programs.common import sequential

WORDS = 500


def _texts(classes):
    """Padded in front, as `pad_sequences` does it."""
    x, y = arrays.sentences(classes=classes)
    x = x[:, ::-1].copy()
    y = one_hot(y, classes)
    return (x[:480], y[:480]), (x[480:], y[480:])


def newsgroups_through_one_unit(fixed):
    train, test = _texts(8)
    middle = (
        [dense(20, "relu")] if fixed else [dense(1, "sigmoid", name="narrow")]
    )
    model = sequential(
        (40,),
        layers.Embedding(WORDS, 32),
        layers.LSTM(64),
        *middle,
        dense(8, "softmax", name="group"),
    )
    model.compile(
        Adam(0.005) if fixed else "adam",
        "categorical_crossentropy" if fixed else "binary_crossentropy",
        metrics=["accuracy"],
    )
    return asked(
        fixed,
        model,
        train,
        test,
        fault("loss activation", "group", "The binary loss for classes."),
        fault(
            "architecture activation",
            "narrow",
            "All that is known has to pass one sigmoid.",
        ),
        epochs=20 if fixed else 1,
        task="classes",
        source="https://github.com/keras-team/keras/issues/4994",
        fix="The categorical loss, and twenty units instead of one.",
    )


def ten_sigmoids(fixed):
    """Accuracy 0.96, and predictions that are plainly wrong."""
    train, test = _texts(10)
    model = sequential(
        (40,),
        layers.Embedding(WORDS, 64),
        layers.Dropout(0.2),
        layers.LSTM(64),
        layers.Dropout(0.2),
        dense(10, "softmax" if fixed else "sigmoid", name="kind"),
    )
    model.compile(
        Adam(0.005) if fixed else "adam",
        "categorical_crossentropy" if fixed else "binary_crossentropy",
        metrics=["accuracy"],
    )
    return asked(
        fixed,
        model,
        train,
        test,
        fault(
            "activation loss",
            "kind",
            "Sigmoids and the binary loss for classes that exclude.",
        ),
        fault("epochs", "", "A single epoch."),
        batch_size=32 if fixed else 64,
        epochs=20 if fixed else 1,
        task="classes",
        source="https://github.com/keras-team/keras/issues/5210",
        fix="A softmax with the categorical loss, more epochs.",
    )


def topics_with_binary_loss(fixed):
    train, test = _texts(6)
    model = sequential(
        (40,),
        layers.Embedding(WORDS, 32),
        layers.Dropout(0.25),
        layers.Conv1D(32, 4, activation="relu"),
        layers.MaxPooling1D(2),
        layers.Flatten(),
        dense(256),
        layers.Dropout(0.25),
        layers.Activation("relu"),
        dense(6),
        layers.Activation("softmax", name="topic"),
    )
    model.compile(
        "adam",
        "categorical_crossentropy" if fixed else "binary_crossentropy",
        metrics=["accuracy"],
    )
    return asked(
        fixed,
        model,
        train,
        test,
        fault(
            "loss activation",
            "topic",
            "The binary loss with a softmax; its accuracy misleads.",
        ),
        epochs=12,
        task="classes",
        source="https://stackoverflow.com/questions/42081257/why-binary-"
        "crossentropy-and-categorical-crossentropy-give-different-performances",
        fix="The categorical loss.",
    )


def relu_cells_go_nan(fixed):
    x, y = arrays.sentences()
    inner = "tanh" if fixed else "relu"
    model = sequential(
        (40,),
        layers.Embedding(WORDS, 50, mask_zero=True),
        layers.LSTM(100, inner, return_sequences=True, name="lower"),
        layers.LSTM(10, inner, name="upper"),
        dense(1, "sigmoid"),
    )
    model.compile(Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    return asked(
        fixed,
        model,
        (x[:480], y[:480]),
        (x[480:], y[480:]),
        fault(
            "activation numerics optimizer",
            "lower",
            "ReLU in an LSTM: states and gradients have no bound.",
        ),
        epochs=12,
        task="classes",
        source="https://stackoverflow.com/questions/55322991/"
        "why-am-i-getting-nan-after-adding-relu-activation-in-lstm",
        fix="tanh, the default.",
    )


def changes_of_a_price(fixed):
    """Daily changes of a percent, one epoch: a flat line comes out."""
    series = arrays.temperatures()
    changes = (series[1:] - series[:-1]) / 200
    x, y = arrays.windows(changes / (changes.std() if fixed else 1), 24)
    model = sequential((24, 1), layers.LSTM(25), dense(1))
    model.compile("adam", "mse")
    return asked(
        fixed,
        model,
        (x[:500], y[:500]),
        (x[500:], y[500:]),
        fault(
            "preprocessing data",
            "",
            "Inputs and targets of a few thousandths are not scaled.",
        ),
        fault("epochs", "", "A single epoch."),
        batch_size=16 if fixed else 32,
        epochs=30 if fixed else 1,
        task="regression",
        source="https://newbedev.com/"
        "keras-lstm-predicted-timeseries-squashed-and-shifted",
        fix="More epochs or larger steps (here by scaled changes).",
    )


PROGRAMS = {
    "newsgroups_through_one_unit": newsgroups_through_one_unit,
    "ten_sigmoids": ten_sigmoids,
    "topics_with_binary_loss": topics_with_binary_loss,
    "relu_cells_go_nan": relu_cells_go_nan,
    "changes_of_a_price": changes_of_a_price,
}
