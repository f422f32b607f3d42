"""Dense networks on digits: the first networks that people write."""

import keras
from keras import layers

from tests.corpus import arrays
from tests.corpus.program import Program


def _program(model, x, y, **kwargs):
    train, held_out = arrays.held_out(x, y, arrays.TRAIN)
    return Program(
        model, *train, validation_data=held_out, task="classes", **kwargs
    )


def mnist_dense():
    x, y = arrays.digit_images()
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(10),
        ]
    )
    model.compile(
        "adam",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return _program(model, x, y, epochs=20)


def digits_softmax_regression():
    """No hidden layer at all: multinomial logistic regression."""
    x, y = arrays.digits()
    model = keras.Sequential(
        [layers.Input((64,)), layers.Dense(10, activation="softmax")]
    )
    model.compile(
        keras.optimizers.SGD(0.1, momentum=0.9),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return _program(model, x, y, epochs=40)


def digits_two_hidden():
    x, y = arrays.digits()
    model = keras.Sequential(
        [
            layers.Input((64,)),
            layers.Dense(64, "relu", kernel_initializer="he_normal"),
            layers.Dense(32, "relu", kernel_initializer="he_normal"),
            layers.Dense(10, "softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(1e-3),
        "categorical_crossentropy",
        metrics=["accuracy"],
    )
    return _program(model, x, keras.utils.to_categorical(y, 10), epochs=40)


def digits_deep_batch_norm():
    x, y = arrays.digits()
    model = keras.Sequential([layers.Input((64,))])
    for _ in range(8):
        model.add(
            layers.Dense(50, use_bias=False, kernel_initializer="he_normal")
        )
        model.add(layers.BatchNormalization(momentum=0.9))
        model.add(layers.Activation("relu"))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(
        keras.optimizers.Nadam(1e-3),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return _program(model, x, y, epochs=30)


def digits_selu():
    """Self-normalising: plain stack, LeCun, standardised, AlphaDropout."""
    x, y = arrays.digits()
    normalize = layers.Normalization()
    normalize.adapt(x[: arrays.TRAIN])
    model = keras.Sequential([layers.Input((64,)), normalize])
    for _ in range(10):
        model.add(layers.Dense(60, "selu", kernel_initializer="lecun_normal"))
    model.add(layers.AlphaDropout(0.1))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(
        keras.optimizers.SGD(1e-2, momentum=0.9, nesterov=True),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return _program(model, x, y, epochs=30)


def digits_swish_weight_decay():
    x, y = arrays.digits()
    model = keras.Sequential([layers.Input((64,))])
    for _ in range(3):
        model.add(layers.Dense(96, "swish", kernel_initializer="he_normal"))
        model.add(layers.Dropout(0.2))
    model.add(layers.Dense(10))
    optimizer = keras.optimizers.AdamW(1e-3, weight_decay=1e-2)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    model.compile(
        optimizer,
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return _program(model, x, y, epochs=40)


def digits_max_norm():
    x, y = arrays.digits()
    limit = keras.constraints.MaxNorm(2.0, axis=0)
    model = keras.Sequential(
        [
            layers.Input((64,)),
            layers.Dropout(0.2),
            layers.Dense(
                100,
                "relu",
                kernel_initializer="he_normal",
                kernel_constraint=limit,
            ),
            layers.Dropout(0.5),
            layers.Dense(10, "softmax"),
        ]
    )
    model.compile(
        keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return _program(model, x, y, epochs=60)


def digits_tanh_schedule():
    """The older style: tanh, Glorot, a decaying rate."""
    x, y = arrays.digits()
    steps = 40 * arrays.TRAIN // 32
    weak = keras.regularizers.L2(1e-4)
    model = keras.Sequential(
        [
            layers.Input((64,)),
            layers.Dense(64, "tanh", kernel_regularizer=weak),
            layers.Dense(10, "softmax"),
        ]
    )
    rate = keras.optimizers.schedules.CosineDecay(0.1, steps)
    model.compile(
        keras.optimizers.SGD(rate, momentum=0.9),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return _program(model, x, y, epochs=40)


def mnist_class_pair():
    """Two of the digits told apart by one sigmoid."""
    x, y = arrays.digits(1700)
    chosen = (y == 3) | (y == 8)
    x, y = x[chosen], (y[chosen] == 8).astype("float32")[:, None]
    model = keras.Sequential(
        [
            layers.Input((64,)),
            layers.Dense(32, "relu"),
            layers.Dense(1, "sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    train, held_out = arrays.held_out(x, y, 240)
    return Program(
        model,
        *train,
        batch_size=16,
        epochs=50,
        validation_data=held_out,
        task="classes",
    )


PROGRAMS = {
    "mnist_dense": mnist_dense,
    "digits_softmax_regression": digits_softmax_regression,
    "digits_two_hidden": digits_two_hidden,
    "digits_deep_batch_norm": digits_deep_batch_norm,
    "digits_selu": digits_selu,
    "digits_swish_weight_decay": digits_swish_weight_decay,
    "digits_max_norm": digits_max_norm,
    "digits_tanh_schedule": digits_tanh_schedule,
    "mnist_class_pair": mnist_class_pair,
}
