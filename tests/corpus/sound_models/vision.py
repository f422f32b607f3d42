"""Convolutional networks from images to classes."""

import keras
from keras import layers

from tests.corpus import arrays
from tests.corpus.program import Program


def _program(model, x, y, rows, **kwargs):
    train, held_out = arrays.held_out(x, y, rows)
    return Program(
        model, *train, validation_data=held_out, task="classes", **kwargs
    )


def mnist_convnet():
    x, y = arrays.digit_images()
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer="adam",
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    y = keras.utils.to_categorical(y, 10)
    return _program(model, x, y, arrays.TRAIN, epochs=15)


def photos_rescaled_inside():
    """Pixels of 0 to 255 come in; the model scales and augments them."""
    x, y = arrays.photos()
    model = keras.Sequential(
        [
            layers.Input((32, 32, 3)),
            layers.RandomTranslation(0.1, 0.1),
            layers.Rescaling(1 / 255),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(4),
        ]
    )
    model.compile(
        "adam",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return _program(model, x, y, 320, epochs=25)


def photos_vgg_like():
    """Pairs of convolutions, He kernels, BatchNormalization after each."""
    x, y = arrays.photos()
    x = x.astype("float32") / 127.5 - 1
    model = keras.Sequential([layers.Input((32, 32, 3))])
    for filters in (16, 32, 64):
        for _ in range(2):
            model.add(
                layers.Conv2D(
                    filters,
                    3,
                    padding="same",
                    use_bias=False,
                    kernel_initializer="he_uniform",
                )
            )
            model.add(layers.BatchNormalization(momentum=0.9))
            model.add(layers.ReLU())
        model.add(layers.MaxPooling2D())
        model.add(layers.SpatialDropout2D(0.1))
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(4, activation="softmax"))
    model.compile(
        keras.optimizers.SGD(0.05, momentum=0.9),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return _program(model, x, y, 320, epochs=20)


def photos_small_xception():
    """Separable convolutions with skips; convolutions keep their bias."""
    x, y = arrays.photos()
    inputs = keras.Input((32, 32, 3))
    z = layers.Rescaling(1.0 / 255)(inputs)
    z = layers.Conv2D(16, 3, strides=2, padding="same")(z)
    z = layers.BatchNormalization(momentum=0.9)(z)
    z = layers.Activation("relu")(z)
    before = z
    for filters in (32, 64):
        z = layers.Activation("relu")(z)
        z = layers.SeparableConv2D(filters, 3, padding="same")(z)
        z = layers.BatchNormalization(momentum=0.9)(z)
        z = layers.Activation("relu")(z)
        z = layers.SeparableConv2D(filters, 3, padding="same")(z)
        z = layers.BatchNormalization(momentum=0.9)(z)
        z = layers.MaxPooling2D(3, strides=2, padding="same")(z)
        skip = layers.Conv2D(filters, 1, strides=2, padding="same")(before)
        before = z = layers.add([z, skip])
    z = layers.GlobalAveragePooling2D()(z)
    z = layers.Dropout(0.25)(z)
    model = keras.Model(inputs, layers.Dense(4, activation="softmax")(z))
    model.compile(
        keras.optimizers.Adam(3e-3),
        "sparse_categorical_crossentropy",
        metrics=["acc"],
    )
    return _program(model, x, y, 320, epochs=30)


def _residual(x, filters, stride):
    def conv(size, strides=1):
        return layers.Conv2D(
            filters,
            size,
            strides=strides,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            kernel_regularizer=keras.regularizers.L2(1e-4),
        )

    z = layers.BatchNormalization(momentum=0.9)(conv(3, stride)(x))
    z = layers.Activation("relu")(z)
    z = layers.BatchNormalization(momentum=0.9)(conv(3)(z))
    if stride > 1:
        x = layers.BatchNormalization(momentum=0.9)(conv(1, stride)(x))
    return layers.Activation("relu")(layers.Add()([x, z]))


def photos_resnet():
    x, y = arrays.photos()
    x = (x.astype("float32") - 127) / 60
    inputs = keras.Input((32, 32, 3))
    z = layers.Conv2D(
        16, 3, padding="same", use_bias=False, kernel_initializer="he_normal"
    )(inputs)
    z = layers.BatchNormalization(momentum=0.9)(z)
    z = layers.Activation("relu")(z)
    for filters, stride in ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1)):
        z = _residual(z, filters, stride)
    z = layers.GlobalAveragePooling2D()(z)
    model = keras.Model(inputs, layers.Dense(4)(z))
    rate = keras.optimizers.schedules.PiecewiseConstantDecay(
        [150, 220], [0.05, 0.005, 0.0005]
    )
    model.compile(
        keras.optimizers.SGD(rate, momentum=0.9, nesterov=True),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["sparse_categorical_accuracy"],
    )
    return _program(model, x, y, 320, epochs=25)


def digits_frozen_base():
    """A head on a base that is kept frozen and in inference mode.

    The base stands for a pretrained one: its statistics have settled.
    """
    x, y = arrays.digit_images()
    base = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(32, 5, strides=2, use_bias=False),
            layers.BatchNormalization(momentum=0.5),
            layers.ReLU(),
            layers.AveragePooling2D(3),
            layers.Flatten(),
        ],
        name="base",
    )
    for start in range(0, 500, 50):
        base(x[start : start + 50], training=True)
    base.trainable = False
    inputs = keras.Input((28, 28, 1))
    z = base(inputs, training=False)
    z = layers.Dropout(0.1)(z)
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(z))
    model.compile(
        keras.optimizers.Adam(3e-3),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return _program(model, x, y, arrays.TRAIN, epochs=30)


def digits_digit_and_parity():
    """Two heads: which digit it is, and whether it is even."""
    x, y = arrays.digit_images()
    even = (y % 2 == 0).astype("float32")[:, None]
    inputs = keras.Input((28, 28, 1))
    z = layers.Conv2D(16, 3, strides=2, activation="relu")(inputs)
    z = layers.Conv2D(32, 3, strides=2, activation="relu")(z)
    z = layers.Flatten()(z)
    z = layers.Dense(64, activation="relu")(z)
    digit = layers.Dense(10, activation="softmax", name="digit")(z)
    is_even = layers.Dense(1, activation="sigmoid", name="even")(z)
    model = keras.Model(inputs, {"digit": digit, "even": is_even})
    model.compile(
        "adam",
        {
            "digit": "sparse_categorical_crossentropy",
            "even": "binary_crossentropy",
        },
        loss_weights={"digit": 1.0, "even": 0.5},
        metrics={"digit": "accuracy", "even": "accuracy"},
    )
    rows = arrays.TRAIN
    return Program(
        model,
        x[:rows],
        {"digit": y[:rows], "even": even[:rows]},
        epochs=15,
        validation_data=(x[rows:], {"digit": y[rows:], "even": even[rows:]}),
    )


PROGRAMS = {
    "mnist_convnet": mnist_convnet,
    "photos_rescaled_inside": photos_rescaled_inside,
    "photos_vgg_like": photos_vgg_like,
    "photos_small_xception": photos_small_xception,
    "photos_resnet": photos_resnet,
    "digits_frozen_base": digits_frozen_base,
    "digits_digit_and_parity": digits_digit_and_parity,
}
