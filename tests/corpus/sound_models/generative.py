"""Autoencoders, a VAE, the two parts of a GAN, a denoising network."""

import keras
import numpy as np
from keras import layers
from keras import ops

from tests.corpus import arrays
from tests.corpus.program import Program


def digits_autoencoder():
    """Pixels of 0 to 1 come back through a sigmoid, pixel by pixel."""
    x, _ = arrays.digits()
    inputs = keras.Input((64,))
    code = layers.Dense(32, activation="relu")(inputs)
    code = layers.Dense(12, activation="relu", name="code")(code)
    z = layers.Dense(32, activation="relu")(code)
    model = keras.Model(inputs, layers.Dense(64, activation="sigmoid")(z))
    model.compile("adam", "binary_crossentropy")
    rows = arrays.TRAIN
    return Program(
        model,
        x[:rows],
        x[:rows],
        epochs=60,
        validation_data=(x[rows:], x[rows:]),
    )


def digits_denoising_conv_autoencoder():
    x, _ = arrays.digit_images()
    noise = np.random.default_rng(0).normal(0, 0.3, x.shape)
    noisy = np.clip(x + noise, 0, 1).astype("float32")
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(16, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(2, padding="same"),
            layers.Conv2D(16, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(2, padding="same"),
            layers.Conv2DTranspose(
                16, 3, strides=2, activation="relu", padding="same"
            ),
            layers.Conv2DTranspose(
                16, 3, strides=2, activation="relu", padding="same"
            ),
            layers.Conv2D(1, 3, activation="sigmoid", padding="same"),
        ]
    )
    model.compile("adam", "mse")
    rows = arrays.TRAIN
    return Program(
        model,
        noisy[:rows],
        x[:rows],
        epochs=15,
        validation_data=(noisy[rows:], x[rows:]),
    )


class Sampling(layers.Layer):
    """Draws from a normal distribution given its mean and log variance."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seeds = keras.random.SeedGenerator(0)

    def call(self, inputs):
        mean, log_variance = inputs
        noise = keras.random.normal(ops.shape(mean), seed=self.seeds)
        return mean + ops.exp(0.5 * log_variance) * noise


class VariationalAutoencoder(keras.Model):
    """Subclassed; the divergence is added to the loss inside `call`."""

    def __init__(self, size, code, **kwargs):
        super().__init__(**kwargs)
        self.hidden = layers.Dense(32, activation="relu")
        self.mean = layers.Dense(code)
        self.log_variance = layers.Dense(code)
        self.sampling = Sampling()
        self.back = layers.Dense(32, activation="relu")
        self.pixels = layers.Dense(size, activation="sigmoid")

    def call(self, x):
        h = self.hidden(x)
        mean, log_variance = self.mean(h), self.log_variance(h)
        divergence = -0.5 * ops.mean(
            1 + log_variance - ops.square(mean) - ops.exp(log_variance)
        )
        self.add_loss(0.05 * divergence)
        return self.pixels(self.back(self.sampling([mean, log_variance])))


def digits_vae():
    x, _ = arrays.digits()
    model = VariationalAutoencoder(64, 4)
    model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy")
    rows = arrays.TRAIN
    return Program(
        model,
        x[:rows],
        x[:rows],
        epochs=60,
        validation_data=(x[rows:], x[rows:]),
    )


def gan_discriminator():
    """Real images (1) against made ones (0), each in -1 to 1."""
    x, _ = arrays.digit_images(300)
    made = np.random.default_rng(0).uniform(-1, 1, x.shape)
    x = np.concatenate([2 * x - 1, made]).astype("float32")
    y = np.repeat([1.0, 0.0], 300).astype("float32")[:, None]
    x, y = arrays.shuffled(x, y)
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(32, 4, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Conv2D(64, 4, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.GlobalMaxPooling2D(),
            layers.Dropout(0.2),
            layers.Dense(1),
        ],
        name="discriminator",
    )
    model.compile(
        keras.optimizers.Adam(2e-4, beta_1=0.5),
        keras.losses.BinaryCrossentropy(from_logits=True),
    )
    return Program(model, x[:480], y[:480], epochs=15)


def gan_generator():
    """Not compiled: it is trained through the discriminator."""
    model = keras.Sequential(
        [
            layers.Input((64,)),
            layers.Dense(7 * 7 * 64, use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.2),
            layers.Reshape((7, 7, 64)),
            layers.Conv2DTranspose(
                32, 4, strides=2, padding="same", use_bias=False
            ),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.2),
            layers.Conv2DTranspose(
                1, 4, strides=2, padding="same", activation="tanh"
            ),
        ],
        name="generator",
    )
    return Program(model, batch_size=None)


def diffusion_denoiser():
    """From a noisy image and the noise's level to the noise itself."""
    x, _ = arrays.digit_images(500)
    rng = np.random.default_rng(0)
    clean = (x - x.mean()) / x.std()
    level = rng.uniform(0.05, 0.95, (500, 1)).astype("float32")
    noise = rng.normal(size=x.shape).astype("float32")
    share = level[:, :, None, None]
    noisy = np.sqrt(1 - share**2) * clean + share * noise
    image, strength = keras.Input((28, 28, 1)), keras.Input((1,))
    shift = layers.Dense(24, activation="swish")(strength)
    shift = layers.Reshape((1, 1, 24))(layers.Dense(24)(shift))
    z = layers.Conv2D(24, 3, padding="same")(image)
    for _ in range(3):
        skip = z
        z = layers.GroupNormalization(8)(z)
        z = layers.Conv2D(24, 3, padding="same", activation="swish")(z + shift)
        z = layers.Conv2D(24, 3, padding="same")(z) + skip
    outputs = layers.Conv2D(1, 1, kernel_initializer="zeros", name="noise")(z)
    model = keras.Model([image, strength], outputs)
    model.compile(keras.optimizers.AdamW(1e-3, weight_decay=1e-4), "mae")
    return Program(
        model,
        [noisy[:400], level[:400]],
        noise[:400],
        epochs=20,
        validation_data=([noisy[400:], level[400:]], noise[400:]),
    )


PROGRAMS = {
    "digits_autoencoder": digits_autoencoder,
    "digits_denoising_conv_autoencoder": digits_denoising_conv_autoencoder,
    "digits_vae": digits_vae,
    "gan_discriminator": gan_discriminator,
    "gan_generator": gan_generator,
    "diffusion_denoiser": diffusion_denoiser,
}
