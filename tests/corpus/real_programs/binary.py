"""Questions of yes or no, and several of them at once."""

from keras import layers
from sklearn import datasets

from tests.corpus import arrays
from tests.corpus.real_programs.common import SGD
from tests.corpus.real_programs.common import Adam
from tests.corpus.real_programs.common import asked
from tests.corpus.real_programs.common import dense
from tests.corpus.real_programs.common import fault
from tests.corpus.real_programs.common import sequential


def _cancer(rows=450):
    x, y = arrays.shuffled(*datasets.load_breast_cancer(return_X_y=True))
    x, y = arrays.standardized(x, rows), y.astype("float32")
    return arrays.held_out(x, y, rows)


def windows_by_one_softmax(fixed):
    """Two kinds of signals of ten steps and four columns."""
    x, y = arrays.signals(500, length=40, classes=2)
    x = x.reshape(500, 10, 4)
    y = y[:, None]
    stack = []
    for filters in (16, 8):
        stack += [
            layers.Conv1D(filters, 4, padding="same"),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Dropout(0.2),
        ]
    model = sequential(
        (10, 4),
        *stack,
        layers.Flatten(),
        dense(64),
        layers.BatchNormalization(),
        layers.LeakyReLU(),
        dense(1, name="scores"),
        layers.Activation("sigmoid" if fixed else "softmax", name="answer"),
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return asked(
        fixed,
        model,
        (x[:400], y[:400]),
        (x[400:], y[400:]),
        fault("activation loss", "answer", "A softmax over one unit is 1."),
        batch_size=32 if fixed else 128,
        epochs=60,
        task="classes",
        source="https://techfeed.net/es/456718/",
        fix="A sigmoid instead of the softmax.",
    )


def one_sigmoid_with_categorical_loss(fixed):
    train, test = _cancer()
    model = sequential(
        (30,), dense(32, "relu"), dense(1, "sigmoid", name="answer")
    )
    model.compile(
        "adam",
        "binary_crossentropy" if fixed else "categorical_crossentropy",
        metrics=["accuracy"],
    )
    return asked(
        fixed,
        model,
        train,
        test,
        fault(
            "loss activation",
            "answer",
            "With one unit the categorical loss knows the positive rows only.",
        ),
        epochs=30,
        task="classes",
        source="https://stats.stackexchange.com/questions/565956/"
        "confused-with-binary-cross-entropy-vs-categorical-cross-entropy",
        fix="The binary loss, or two units with a softmax.",
    )


def label_one_outside_of_zero_to_one(fixed):
    train, test = _cancer()
    model = sequential(
        (30,),
        dense(32, "relu"),
        dense(1, "sigmoid" if fixed else "softmax", name="answer"),
    )
    model.compile(
        "adam",
        "binary_crossentropy" if fixed else "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return asked(
        fixed,
        model,
        train,
        test,
        fault("activation loss", "answer", "A softmax over one unit."),
        fault(
            "loss architecture data",
            "answer",
            "The sparse loss has one unit and knows label 0 only.",
        ),
        epochs=30,
        task="classes",
        trains=False,
        source="https://python.19633.com/cs/python-tag-9/Keras-9/"
        "1009048621.html",
        fix="The binary loss with a sigmoid.",
    )


def several_labels_by_softmax(fixed):
    x, y = arrays.tags(600, labels=11)
    model = sequential(
        (20,),
        dense(500, "relu"),
        layers.Dropout(0.1),
        dense(60, "relu"),
        layers.Dropout(0.1),
        dense(11, "sigmoid" if fixed else "softmax", name="labels"),
    )
    model.compile(
        SGD(0.05 if fixed else 0.01, momentum=0.9, nesterov=True),
        "binary_crossentropy" if fixed else "categorical_crossentropy",
        metrics=["binary_accuracy" if fixed else "accuracy"],
    )
    return asked(
        fixed,
        model,
        (x[:480], y[:480]),
        (x[480:], y[480:]),
        fault(
            "activation loss",
            "labels",
            "A softmax lets one label win; several of eleven can hold.",
        ),
        fault("epochs batch_size", "", "Five epochs of one batch."),
        batch_size=32 if fixed else 2000,
        epochs=40 if fixed else 5,
        task="labels",
        source="https://stackoverflow.com/questions/44164749/"
        "how-does-keras-handle-multilabel-classification",
        fix="Sigmoids with the binary loss.",
    )


def rate_of_one_tenth(fixed):
    """The loss moves in the first epoch and never again."""
    train, test = _cancer()
    model = sequential(
        (30,), *(dense(64, "relu") for _ in range(4)), dense(1, "sigmoid")
    )
    model.compile(
        Adam(0.001 if fixed else 0.1),
        "binary_crossentropy",
        metrics=["accuracy"],
    )
    return asked(
        fixed,
        model,
        train,
        test,
        fault("learning_rate", "", "Adam at 0.1 on a net of five layers."),
        batch_size=50,
        epochs=30,
        task="classes",
        source="https://github.com/keras-team/keras/issues/2711",
        fix="A lower rate.",
    )


PROGRAMS = {
    "windows_by_one_softmax": windows_by_one_softmax,
    "one_sigmoid_with_categorical_loss": one_sigmoid_with_categorical_loss,
    "label_one_outside_of_zero_to_one": label_one_outside_of_zero_to_one,
    "several_labels_by_softmax": several_labels_by_softmax,
    "rate_of_one_tenth": rate_of_one_tenth,
}
