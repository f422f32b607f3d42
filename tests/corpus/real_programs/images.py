"""Classes of images."""

import keras
import numpy as np
from keras import layers

from tests.corpus import arrays
from tests.corpus.real_programs.common import asked
from tests.corpus.real_programs.common import dense
from tests.corpus.real_programs.common import fault
from tests.corpus.real_programs.common import one_hot
from tests.corpus.real_programs.common import sequential

SPARSE = "sparse_categorical_crossentropy"


def _conv(filters, **kwargs):
    return layers.Conv2D(filters, 3, activation="relu", **kwargs)


def mnist_by_one_sigmoid(fixed):
    x, y = arrays.digit_images()
    x = x.reshape(len(x), -1) * (1 if fixed else 255)
    end = dense(10, "softmax") if fixed else dense(1, "sigmoid", name="output")
    model = sequential((784,), dense(64, "relu"), end)
    model.compile(
        "adam", SPARSE if fixed else "binary_crossentropy", metrics=["accuracy"]
    )
    return asked(
        fixed,
        model,
        (x[:600], y[:600]),
        (x[600:], y[600:]),
        fault(
            "activation loss architecture",
            "output",
            "One sigmoid and the binary loss for ten digits.",
        ),
        fault("preprocessing data", "", "Pixels go from 0 to 255."),
        epochs=20 if fixed else 10,
        task="classes",
        trains=False,
        source="https://datascience.stackexchange.com/questions/38604/"
        "too-low-accuracy-on-mnist-dataset-using-a-neural-network",
        fix="Ten units, softmax and the categorical loss; scaled pixels.",
    )


def clothes_not_divided_by_255(fixed):
    """TensorFlow's first tutorial without its scaling step."""
    x, y = arrays.digit_images()
    x = x if fixed else 255 * x
    model = sequential(
        (28, 28, 1),
        layers.Flatten(),
        dense(128, "relu"),
        dense(10, "softmax"),
    )
    model.compile("adam", SPARSE, metrics=["accuracy"])
    return asked(
        fixed,
        model,
        (x[:600], y[:600]),
        (x[600:], y[600:]),
        fault("preprocessing data", "", "Pixels go from 0 to 255."),
        epochs=15,
        task="classes",
        source="https://stats.stackexchange.com/questions/372762/"
        "why-normalize-when-all-features-are-on-the-same-scale",
        fix="Pixels divided by 255.",
    )


def three_classes_by_one_sigmoid(fixed):
    x, y = arrays.photos(classes=3)
    x = x.astype("float32") / 255
    stack = []
    for filters in (16, 16, 32):
        stack += [_conv(filters, padding="same"), layers.MaxPooling2D(2)]
    end = dense(3, "softmax") if fixed else dense(1, "sigmoid", name="output")
    model = sequential(
        (32, 32, 3),
        *stack,
        layers.Flatten(),
        dense(64, "relu"),
        layers.Dropout(0.5),
        end,
    )
    model.compile(
        "rmsprop",
        "categorical_crossentropy" if fixed else "binary_crossentropy",
        metrics=["accuracy"],
    )
    y = one_hot(y, 3) if fixed else y
    return asked(
        fixed,
        model,
        (x[:320], y[:320]),
        (x[320:], y[320:]),
        fault(
            "activation loss architecture data",
            "output",
            "One sigmoid and the binary loss for labels 0, 1 and 2.",
        ),
        batch_size=16,
        epochs=25,
        task="classes",
        trains=False,
        source="https://newbedev.com/cnn-with-keras-accuracy-not-improving",
        fix="Three units, a softmax and the categorical loss.",
    )


def answer_given_in_the_image(fixed):
    """The answer stands in the second channel; it is not found."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 400).astype("float32")
    x = rng.uniform(0, 1, (400, 24, 12, 2)).astype("float32")
    x[..., 1] = y[:, None, None]
    model = sequential(
        (24, 12, 2),
        _conv(30),
        _conv(64),
        layers.Flatten(),
        dense(1, "sigmoid" if fixed else "softmax", name="answer"),
    )
    model.compile(
        "adam",
        "binary_crossentropy" if fixed else "categorical_crossentropy",
        metrics=["accuracy"],
    )
    return asked(
        fixed,
        model,
        (x[:320], y[:320]),
        (x[320:], y[320:]),
        fault("activation loss", "answer", "A softmax over one unit is 1."),
        fault("epochs", "", "A single epoch."),
        epochs=6 if fixed else 1,
        task="classes",
        source="https://stats.stackexchange.com/questions/481881/"
        "convolutional-neural-network-fails-even-when-given-answer",
        fix="A sigmoid with the binary loss.",
    )


def mnist_example_with_adadelta(fixed):
    """An example that was written when Adadelta's default rate was 1."""
    x, y = arrays.digit_images()
    y = one_hot(y, 10)
    model = sequential(
        (28, 28, 1),
        _conv(16),
        _conv(32),
        layers.MaxPooling2D(2),
        layers.Dropout(0.25),
        layers.Flatten(),
        dense(64, "relu"),
        layers.Dropout(0.5),
        dense(10, "softmax"),
    )
    model.compile(
        keras.optimizers.Adadelta(1.0) if fixed else "adadelta",
        "categorical_crossentropy",
        metrics=["accuracy"],
    )
    return asked(
        fixed,
        model,
        (x[:600], y[:600]),
        (x[600:], y[600:]),
        fault("learning_rate optimizer", "", "Adadelta at 0.001."),
        batch_size=32,
        epochs=12,
        task="classes",
        source="https://github.com/keras-team/keras/issues/13815",
        fix="Adadelta at 1 (or Adam).",
    )


def photos_all_predicted_alike(fixed):
    """Every image gets the same probabilities."""
    x, y = arrays.photos()
    x = x.astype("float32") / (255 if fixed else 1)
    model = sequential(
        (32, 32, 3),
        _conv(32),
        layers.MaxPooling2D(2),
        _conv(32),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        dense(128, "relu"),
        dense(4, "softmax"),
    )
    model.compile(
        "adam" if fixed else keras.optimizers.SGD(0.01, momentum=0.9),
        "categorical_crossentropy",
        metrics=["accuracy"],
    )
    y = one_hot(y, 4)
    return asked(
        fixed,
        model,
        (x[:320], y[:320]),
        (x[320:], y[320:]),
        fault(
            "preprocessing data learning_rate",
            "",
            "Bytes of 0 to 255: the first updates stop the training.",
        ),
        epochs=20,
        task="classes",
        source="http://pullrequest.ru/10248037/"
        "cnn-keras-shodyatsya-odnomu-tomu-zhe-znacheniy-nezavisimo-vvoda",
        fix="Pixels divided by 255.",
    )


def five_steps_of_batch_norm(fixed):
    """Good in training, at random in inference: statistics of five steps."""
    x, y = arrays.photos(200)
    x = (x.astype("float32") - 40) / 20
    rows = 160
    stack = []
    for filters in (16, 32):
        stack += [
            layers.Conv2D(filters, 3, strides=2, use_bias=False),
            layers.BatchNormalization(name=f"norm_{filters}"),
            layers.ReLU(),
        ]
    model = sequential(
        (32, 32, 3),
        *stack,
        layers.GlobalAveragePooling2D(),
        dense(4, "softmax"),
    )
    model.compile("adam", SPARSE, metrics=["accuracy"])
    return asked(
        fixed,
        model,
        (x[:rows], y[:rows]),
        (x[rows:], y[rows:]),
        fault(
            "normalization epochs batch_size",
            "norm_16",
            "With momentum 0.99 the moving averages have not arrived.",
        ),
        batch_size=16 if fixed else 32,
        epochs=60 if fixed else 1,
        task="classes",
        source="https://github.com/keras-team/keras/issues/7177",
        fix="Smaller batches and many more epochs (or a lower momentum).",
    )


PROGRAMS = {
    "mnist_by_one_sigmoid": mnist_by_one_sigmoid,
    "clothes_not_divided_by_255": clothes_not_divided_by_255,
    "three_classes_by_one_sigmoid": three_classes_by_one_sigmoid,
    "answer_given_in_the_image": answer_given_in_the_image,
    "mnist_example_with_adadelta": mnist_example_with_adadelta,
    "photos_all_predicted_alike": photos_all_predicted_alike,
    "five_steps_of_batch_norm": five_steps_of_batch_norm,
}
