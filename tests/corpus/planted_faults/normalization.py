"""Normalisation that is missing, misplaced or badly set."""

import keras
from keras import layers

from tests.corpus import arrays
from tests.corpus.planted_faults.common import adam
from tests.corpus.planted_faults.common import fault
from tests.corpus.planted_faults.common import hidden
from tests.corpus.planted_faults.common import on_digits
from tests.corpus.planted_faults.common import on_houses
from tests.corpus.planted_faults.common import sequential


def _normalized(units=64, **kwargs):
    return [
        layers.Dense(units, use_bias=False, kernel_initializer="he_normal"),
        layers.BatchNormalization(**kwargs),
        layers.ReLU(),
    ]


def batches_of_two():
    model = sequential(
        (64,),
        *_normalized(momentum=0.9, name="norm"),
        *_normalized(momentum=0.9),
        layers.Dense(10, "softmax"),
    )
    return on_digits(
        model,
        fault(
            "normalization batch_size",
            "norm",
            "Statistics of two rows are mostly noise.",
        ),
        batch_size=2,
        epochs=5,
    )


def slow_statistics():
    """Five epochs of five steps: 0.99 to the 25th leaves 78 % of the start."""
    model = sequential(
        (64,),
        *_normalized(name="norm_1"),
        *_normalized(name="norm_2"),
        layers.Dense(10, "softmax"),
    )
    return on_digits(
        model,
        fault(
            "normalization epochs batch_size",
            "norm_1",
            "Moving averages with momentum 0.99 hardly move in 25 steps.",
        ),
        optimizer=adam(3e-3),
        batch_size=128,
        epochs=5,
    )


def torch_momentum():
    """As if momentum were the share of the new, as it is in torch."""
    model = sequential(
        (64,),
        *_normalized(momentum=0.01, name="norm_1"),
        *_normalized(momentum=0.01, name="norm_2"),
        layers.Dense(10, "softmax"),
    )
    return on_digits(
        model,
        fault(
            "normalization",
            "norm_1",
            "Momentum 0.01 keeps the statistics of the last batch alone.",
        ),
        batch_size=16,
    )


def bias_before_batch_norm():
    model = sequential(
        (28, 28, 1),
        layers.Conv2D(16, 3, strides=2, name="conv"),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        layers.Flatten(),
        layers.Dense(10, "softmax"),
    )
    return on_digits(
        model,
        fault(
            "normalization architecture",
            "conv",
            "The bias is taken off again by the BatchNormalization.",
            mild=True,
        ),
        epochs=15,
    )


def very_deep_without():
    model = sequential((64,))
    for number in range(30):
        model.add(
            layers.Dense(
                64,
                "tanh",
                kernel_initializer=keras.initializers.RandomNormal(stddev=0.05),
                name=f"hidden_{number}",
            )
        )
    model.add(layers.Dense(10, "softmax"))
    return on_digits(
        model,
        fault(
            "normalization initialization architecture activation",
            "hidden_0",
            "Thirty layers, a fading signal, and nothing that renews it.",
        ),
    )


def batch_norm_on_the_output():
    model = sequential(
        (5,),
        hidden(64),
        layers.Dense(1),
        layers.BatchNormalization(name="last"),
    )
    return on_houses(
        model,
        fault(
            "normalization architecture",
            "last",
            "The prediction is normalised over the batch it comes in.",
        ),
    )


def batch_norm_behind_softmax():
    model = sequential(
        (64,),
        hidden(64),
        layers.Dense(10, "softmax"),
        layers.BatchNormalization(name="behind"),
    )
    return on_digits(
        model,
        fault(
            "normalization activation loss architecture",
            "behind",
            "The probabilities are normalised again and are none any more.",
        ),
    )


def frozen_base_in_training_mode():
    """The base is frozen, its BatchNormalization follows the new data."""
    base = sequential(
        (28, 28, 1),
        layers.Conv2D(16, 3, strides=2, use_bias=False),
        layers.BatchNormalization(name="base_norm"),
        layers.ReLU(),
        layers.GlobalAveragePooling2D(),
    )
    base.trainable = False
    inputs = keras.Input((28, 28, 1))
    z = base(inputs, training=True)
    model = keras.Model(inputs, layers.Dense(10, "softmax")(z))
    return on_digits(
        model,
        fault(
            "normalization",
            "base_norm",
            "A frozen base is called with training=True.",
        ),
        optimizer=adam(1e-2),
    )


def normalization_never_adapted():
    x, y = arrays.houses()
    y = arrays.standardized(y[:, None], 400)
    model = sequential(
        (5,),
        layers.Normalization(mean=0.0, variance=1.0, name="normalize"),
        hidden(32),
        layers.Dense(1),
    )
    return on_houses(
        model,
        fault(
            "preprocessing normalization data",
            "normalize",
            "The layer takes off 0 and divides by 1: incomes stay at 40 000.",
        ),
        x=x[:400],
        y=y[:400],
        validation_data=(x[400:], y[400:]),
    )


PROGRAMS = {
    "batches_of_two": batches_of_two,
    "slow_statistics": slow_statistics,
    "torch_momentum": torch_momentum,
    "bias_before_batch_norm": bias_before_batch_norm,
    "very_deep_without": very_deep_without,
    "batch_norm_on_the_output": batch_norm_on_the_output,
    "batch_norm_behind_softmax": batch_norm_behind_softmax,
    "frozen_base_in_training_mode": frozen_base_in_training_mode,
    "normalization_never_adapted": normalization_never_adapted,
}
