"""Two mistakes in one program: each has to be seen beside the other."""

import keras
import numpy as np
from keras import layers
from keras import optimizers
from keras import regularizers

from tests.corpus import arrays
from tests.corpus.planted_faults.common import adam
from tests.corpus.planted_faults.common import fault
from tests.corpus.planted_faults.common import hidden
from tests.corpus.planted_faults.common import on_digits
from tests.corpus.planted_faults.common import on_houses
from tests.corpus.planted_faults.common import sequential
from tests.corpus.program import Program


def linear_stack_under_one_softmax():
    x, y = arrays.tags(labels=1)
    model = sequential(
        (20,),
        layers.Dense(64, name="first"),
        layers.Dense(32, name="second"),
        layers.Dense(1, "softmax", name="answer"),
    )
    model.compile(adam(), "binary_crossentropy", metrics=["accuracy"])
    return Program(
        model,
        x[:400],
        y[:400],
        epochs=40,
        validation_data=(x[400:], y[400:]),
        task="classes",
        faults=(
            fault("activation loss", "answer", "A softmax over one unit."),
            fault("activation", "first", "No activation between the layers."),
        ),
    )


def squared_error_at_a_low_rate():
    y = keras.utils.to_categorical(arrays.digits()[1][:600], 10)
    return on_digits(
        sequential(
            (64,), hidden(), layers.Dense(10, "sigmoid", name="classes")
        ),
        fault("loss activation", "classes", "Squared errors for classes."),
        fault("learning_rate optimizer epochs", "", "SGD at 1e-4."),
        loss="mean_squared_error",
        optimizer=optimizers.SGD(1e-4),
        y=y,
        validation_data=None,
    )


def deep_sigmoids_in_two_epochs():
    model = sequential((64,))
    for number in range(6):
        model.add(layers.Dense(64, "sigmoid", name=f"s{number}"))
    model.add(layers.Dense(10, "softmax"))
    return on_digits(
        model,
        fault("activation architecture", "s0", "Six sigmoids in a row."),
        fault("epochs batch_size", "", "Ten updates in all."),
        batch_size=128,
        epochs=2,
    )


def zero_kernels_and_heavy_dropout():
    model = sequential(
        (64,),
        hidden(kernel_initializer="zeros", name="hidden"),
        layers.Dropout(0.95, name="drop"),
        layers.Dense(10, "softmax"),
    )
    return on_digits(
        model,
        fault("initialization", "hidden", "Kernels of zero."),
        fault("regularization", "drop", "95 % of the units are dropped."),
    )


def heavy_penalty_and_adam_at_one():
    model = sequential(
        (64,),
        hidden(kernel_regularizer=regularizers.L2(1.0), name="hidden"),
        layers.Dense(10, "softmax"),
    )
    return on_digits(
        model,
        fault("regularization", "hidden", "L2 of 1."),
        fault("learning_rate", "", "Adam at 1."),
        optimizer=adam(1.0),
    )


def holes_in_a_rare_class():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 8)).astype("float32")
    y = (x[:, 0] + x[:, 1] > 2.8).astype("float32")[:, None]
    x[::40, 3] = np.nan
    model = sequential((8,), hidden(), layers.Dense(1, "sigmoid"))
    model.compile(adam(), "binary_crossentropy", metrics=["accuracy"])
    return Program(
        model,
        x,
        y,
        epochs=30,
        trains=False,
        faults=(
            fault("data numerics", "", "Fifteen inputs are NaN."),
            fault("data", "", "More than 95 % are of one class."),
        ),
    )


def pairs_of_rows_and_a_dropped_output():
    model = sequential(
        (64,),
        layers.Dense(64, use_bias=False),
        layers.BatchNormalization(momentum=0.9, name="norm"),
        layers.ReLU(),
        layers.Dense(10, "softmax"),
        layers.Dropout(0.5, name="drop"),
    )
    return on_digits(
        model,
        fault("normalization batch_size", "norm", "Statistics of two rows."),
        fault(
            "regularization architecture", "drop", "Dropout behind the output."
        ),
        batch_size=2,
        epochs=5,
    )


def adadelta_for_one_epoch():
    return on_digits(
        sequential((64,), hidden(), layers.Dense(10, "softmax")),
        fault("learning_rate optimizer", "", "Adadelta at 0.001."),
        fault("epochs batch_size", "", "Ten updates in all."),
        optimizer=optimizers.Adadelta(),
        batch_size=64,
        epochs=1,
    )


def selu_with_glorot_and_dropout():
    model = sequential((5,))
    for number in range(8):
        model.add(layers.Dense(40, "selu", name=f"selu_{number}"))
        model.add(layers.Dropout(0.2, name=f"drop_{number}"))
    model.add(layers.Dense(1))
    return on_houses(
        model,
        fault("initialization activation", "selu_0", "SELU with Glorot."),
        fault(
            "regularization activation", "drop_0", "Plain Dropout with SELU."
        ),
    )


def one_slow_step_an_epoch():
    return on_houses(
        sequential((5,), hidden(), layers.Dense(1)),
        fault("batch_size epochs", "", "One batch of all rows, 20 updates."),
        fault("learning_rate optimizer", "", "SGD at 1e-5."),
        optimizer=optimizers.SGD(1e-5),
        batch_size=400,
        epochs=20,
    )


def relu_price_at_a_high_rate():
    return on_houses(
        sequential((5,), hidden(), layers.Dense(1, "relu", name="price")),
        fault("activation", "price", "Half of the targets are negative."),
        fault("learning_rate optimizer", "", "SGD at 2 on squared errors."),
        optimizer=optimizers.SGD(2.0),
    )


def two_softmaxes_too_many():
    model = sequential(
        (64,),
        layers.Dense(64, "softmax", name="inner"),
        layers.Dense(10, "softmax", name="classes"),
    )
    return on_digits(
        model,
        fault("activation", "inner", "A softmax as hidden activation."),
        fault("loss activation", "classes", "from_logits with a softmax."),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )


PROGRAMS = {
    "linear_stack_under_one_softmax": linear_stack_under_one_softmax,
    "squared_error_at_a_low_rate": squared_error_at_a_low_rate,
    "deep_sigmoids_in_two_epochs": deep_sigmoids_in_two_epochs,
    "zero_kernels_and_heavy_dropout": zero_kernels_and_heavy_dropout,
    "heavy_penalty_and_adam_at_one": heavy_penalty_and_adam_at_one,
    "holes_in_a_rare_class": holes_in_a_rare_class,
    "pairs_of_rows_and_a_dropped_output": pairs_of_rows_and_a_dropped_output,
    "adadelta_for_one_epoch": adadelta_for_one_epoch,
    "selu_with_glorot_and_dropout": selu_with_glorot_and_dropout,
    "one_slow_step_an_epoch": one_slow_step_an_epoch,
    "relu_price_at_a_high_rate": relu_price_at_a_high_rate,
    "two_softmaxes_too_many": two_softmaxes_too_many,
}
