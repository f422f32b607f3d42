"""Two mistakes in one program, one of them an unscaled input or target."""

import keras
import numpy as np
from keras import initializers
from keras import layers
from keras import optimizers

from tests.corpus import arrays
from tests.corpus.planted_faults.common import adam
from tests.corpus.planted_faults.common import fault
from tests.corpus.planted_faults.common import hidden
from tests.corpus.planted_faults.common import on_digits
from tests.corpus.planted_faults.common import on_houses
from tests.corpus.planted_faults.common import sequential
from tests.corpus.program import Program


def bytes_and_a_high_rate():
    x, y = arrays.digits()
    return on_digits(
        sequential((64,), hidden(), layers.Dense(10, "softmax")),
        fault("preprocessing data", "", "Pixels go from 0 to 255."),
        fault("learning_rate optimizer", "", "SGD at 1."),
        optimizer=optimizers.SGD(1.0),
        x=255 * x[:600],
        validation_data=(255 * x[600:], y[600:]),
    )


def sigmoid_for_raw_prices_and_columns():
    x, y = arrays.houses()
    return on_houses(
        sequential((5,), hidden(), layers.Dense(1, "sigmoid", name="price")),
        fault(
            "activation preprocessing data", "price", "Prices from a sigmoid."
        ),
        fault("preprocessing data", "", "Columns of unlike scales."),
        x=x[:400],
        y=y[:400, None],
        validation_data=(x[400:], y[400:, None]),
    )


def second_softmax_on_bytes():
    x, y = arrays.digit_images()
    model = sequential(
        (28, 28, 1),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(10, "softmax", name="classes"),
    )
    return on_digits(
        model,
        fault("loss activation", "classes", "The softmax is applied twice."),
        fault("preprocessing data", "", "Pixels go from 0 to 255."),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        x=255 * x[:600],
        validation_data=(255 * x[600:], y[600:]),
        epochs=10,
    )


def relu_lstm_on_a_raw_series():
    series = 100 * arrays.temperatures()
    x, y = arrays.windows(series)
    model = sequential(
        (24, 1),
        layers.LSTM(50, activation="relu", name="lstm"),
        layers.Dense(1),
    )
    model.compile(adam(), "mse")
    return Program(
        model,
        x[:500],
        y[:500],
        epochs=20,
        validation_data=(x[500:], y[500:]),
        task="regression",
        faults=(
            fault("preprocessing data", "", "A series of up to 2700."),
            fault(
                "activation numerics optimizer", "lstm", "An LSTM with ReLU."
            ),
        ),
    )


def exclusive_labels_on_unlike_columns():
    x, y = arrays.tags()
    x = x * np.logspace(-2, 4, 20, dtype="float32")
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
            fault("activation loss", "labels", "A softmax for several labels."),
            fault("preprocessing data", "", "Columns from 0.01 to 10 000."),
        ),
    )


def equal_units_on_raw_columns():
    x, y = arrays.houses()
    y = arrays.standardized(y[:, None], 400)
    equal = initializers.Constant(0.05)
    return on_houses(
        sequential(
            (5,),
            hidden(32, kernel_initializer=equal, name="hidden"),
            layers.Dense(1),
        ),
        fault("initialization", "hidden", "All kernels start at 0.05."),
        fault("preprocessing data", "", "Incomes of 40 000 as they are."),
        x=x[:400],
        y=y[:400],
        validation_data=(x[400:], y[400:]),
    )


PROGRAMS = {
    "bytes_and_a_high_rate": bytes_and_a_high_rate,
    "sigmoid_for_raw_prices_and_columns": sigmoid_for_raw_prices_and_columns,
    "second_softmax_on_bytes": second_softmax_on_bytes,
    "relu_lstm_on_a_raw_series": relu_lstm_on_a_raw_series,
    "exclusive_labels_on_unlike_columns": exclusive_labels_on_unlike_columns,
    "equal_units_on_raw_columns": equal_units_on_raw_columns,
}
