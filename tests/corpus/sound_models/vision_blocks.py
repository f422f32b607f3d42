"""Networks on images that are built of blocks: attention, U-Net, mixers."""

import keras
import numpy as np
from keras import layers
from keras import ops

from tests.corpus import arrays
from tests.corpus.program import Program


class PatchPositions(layers.Layer):
    """Adds a learnt vector for each place in the sequence."""

    def build(self, shape):
        self.positions = self.add_weight(
            shape=shape[1:],
            initializer=keras.initializers.TruncatedNormal(stddev=0.02),
            name="positions",
        )

    def call(self, x):
        return x + self.positions


def _vit_block(x, heads, width):
    z = layers.LayerNormalization(epsilon=1e-6)(x)
    z = layers.MultiHeadAttention(heads, width // heads, dropout=0.1)(z, z)
    x = layers.Add()([x, z])
    z = layers.LayerNormalization(epsilon=1e-6)(x)
    z = layers.Dense(2 * width, activation="gelu")(z)
    z = layers.Dropout(0.1)(z)
    z = layers.Dense(width)(z)
    return layers.Add()([x, layers.Dropout(0.1)(z)])


def digits_vision_transformer():
    x, y = arrays.digit_images()
    inputs = keras.Input((28, 28, 1))
    z = layers.Conv2D(32, 7, strides=7, name="patches")(inputs)
    z = layers.Reshape((16, 32))(z)
    z = PatchPositions()(z)
    for _ in range(3):
        z = _vit_block(z, heads=4, width=32)
    z = layers.LayerNormalization(epsilon=1e-6)(z)
    z = layers.GlobalAveragePooling1D()(z)
    model = keras.Model(inputs, layers.Dense(10)(z))
    model.compile(
        keras.optimizers.AdamW(1e-3, weight_decay=1e-4),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    train, held_out = arrays.held_out(x, y, arrays.TRAIN)
    return Program(
        model, *train, epochs=40, validation_data=held_out, task="classes"
    )


def photos_conv_mixer():
    x, y = arrays.photos()
    x = x.astype("float32") / 255
    inputs = keras.Input((32, 32, 3))
    z = layers.Conv2D(32, 4, strides=4, activation="gelu")(inputs)
    z = layers.BatchNormalization(momentum=0.9)(z)
    for _ in range(3):
        skip = z
        z = layers.DepthwiseConv2D(5, padding="same", activation="gelu")(z)
        z = layers.Add()([layers.BatchNormalization(momentum=0.9)(z), skip])
        z = layers.Conv2D(32, 1, activation="gelu")(z)
        z = layers.BatchNormalization(momentum=0.9)(z)
    z = layers.GlobalAveragePooling2D()(z)
    model = keras.Model(inputs, layers.Dense(4, activation="softmax")(z))
    model.compile(
        keras.optimizers.AdamW(3e-3),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    train, held_out = arrays.held_out(x, y, 320)
    return Program(
        model, *train, epochs=25, validation_data=held_out, task="classes"
    )


def _twice(x, filters):
    for _ in range(2):
        x = layers.Conv2D(
            filters,
            3,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
        )(x)
    return x


def discs_unet():
    """A mask of one channel by a U-Net with transposed convolutions."""
    x, y = arrays.segments()
    inputs = keras.Input((32, 32, 1))
    skips, z = [], inputs
    for filters in (8, 16):
        z = _twice(z, filters)
        skips.append(z)
        z = layers.MaxPooling2D()(z)
    z = layers.Dropout(0.2)(_twice(z, 32))
    for filters in (16, 8):
        z = layers.Conv2DTranspose(filters, 2, strides=2, padding="same")(z)
        z = _twice(layers.Concatenate()([z, skips.pop()]), filters)
    model = keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(z))
    model.compile(
        "adam", "binary_crossentropy", metrics=[keras.metrics.BinaryIoU([1])]
    )
    train, held_out = arrays.held_out(x, y, 160)
    return Program(
        model,
        *train,
        batch_size=16,
        epochs=30,
        validation_data=held_out,
        task="labels",
    )


def digits_siamese():
    """One encoder for both images; the distance says whether they match."""
    x, y = arrays.digits()
    rng = np.random.default_rng(0)
    first = rng.integers(len(x), size=700)
    same = [rng.choice(np.flatnonzero(y == y[row])) for row in first]
    other = rng.integers(len(x), size=700)
    second = np.where(rng.random(700) < 0.45, same, other)
    match = (y[first] == y[second]).astype("float32")[:, None]
    encoder = keras.Sequential(
        [
            layers.Input((64,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(32, activation="relu"),
        ],
        name="encoder",
    )
    left, right = keras.Input((64,)), keras.Input((64,))
    apart = ops.square(encoder(left) - encoder(right))
    outputs = layers.Dense(1, activation="sigmoid", name="match")(apart)
    model = keras.Model([left, right], outputs)
    model.compile(
        keras.optimizers.Adam(2e-3),
        "binary_crossentropy",
        metrics=["accuracy"],
    )
    return Program(
        model,
        [x[first[:560]], x[second[:560]]],
        match[:560],
        epochs=20,
        validation_data=([x[first[560:]], x[second[560:]]], match[560:]),
        task="classes",
    )


PROGRAMS = {
    "digits_vision_transformer": digits_vision_transformer,
    "photos_conv_mixer": photos_conv_mixer,
    "discs_unet": discs_unet,
    "digits_siamese": digits_siamese,
}
