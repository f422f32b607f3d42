"""Two tasks for deep residual networks, for `one_cycle.py`.

`signals` is MNIST-1D and a network of 14 layers with weights; `digits` is
scikit-learn's digits, turned, stretched, moved and under noise, newly drawn in
each epoch, and a network of 20. Both are quick to train, and neither is solved
in a few epochs. There is nothing to run here.
"""

import functools

import keras
import numpy as np
import signal_task
from scipy.ndimage import affine_transform
from sklearn.datasets import load_digits


@functools.cache
def signals(seed):
    """Returns 4000 signals to train on and 2000 to validate on."""
    x, y = signal_task.load(samples=6000, seed=seed)
    return (x[:4000], y[:4000]), (x[4000:], y[4000:])


@functools.cache
def few_signals(seed):
    """Returns 1000 signals to train on and 200 to validate on, for tests."""
    x, y = signal_task.load(samples=1200, seed=seed)
    return (x[:1000], y[:1000]), (x[1000:], y[1000:])


@functools.cache
def digits(seed):
    """Returns 1280 digits to train on, and the others, changed, thrice."""
    images, labels = load_digits(return_X_y=True)
    images = np.pad(images.reshape(-1, 8, 8) / 16, ((0, 0), (1, 1), (1, 1)))
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(images))
    x, y = images[order].astype("float32"), labels[order]
    held_out = np.concatenate([x[1280:]] * 3), np.concatenate([y[1280:]] * 3)
    return (x[:1280, ..., None], y[:1280]), (
        changed(held_out[0], rng)[..., None],
        held_out[1],
    )


def changed(images, rng):
    """Returns each image turned, stretched, moved, and under noise."""
    centre = (np.array(images.shape[1:]) - 1) / 2
    out = np.empty_like(images)
    for i, image in enumerate(images):
        angle = np.deg2rad(rng.uniform(-25, 25))
        sine, cosine = np.sin(angle), np.cos(angle)
        turn = np.array([[cosine, -sine], [sine, cosine]])
        matrix = turn @ np.diag(rng.uniform(0.8, 1.25, 2))
        offset = centre - matrix @ centre + rng.uniform(-1, 1, 2)
        out[i] = affine_transform(image, matrix, offset, order=1)
    return (out + rng.normal(0, 0.15, out.shape)).astype("float32")


class Batches(keras.utils.PyDataset):
    """Shuffled batches, the same for a seed on every backend."""

    def __init__(self, x, y, batch_size, seed, change=None):
        super().__init__()
        self.x, self.y, self.batch_size = x, y, batch_size
        self.rng, self.change = np.random.default_rng(seed), change
        self.on_epoch_end()

    def __len__(self):
        return len(self.x) // self.batch_size

    def __getitem__(self, index):
        at = slice(index * self.batch_size, (index + 1) * self.batch_size)
        return self.drawn[at], self.y[self.order[at]]

    def on_epoch_end(self):
        self.order = self.rng.permutation(len(self.x))
        self.drawn = self.x[self.order]
        if self.change:
            self.drawn = self.change(self.drawn[..., 0], self.rng)[..., None]


def network(shape, widths, blocks):
    """Returns a residual network with batch normalisation.

    Each width has `blocks` blocks of two convolutions. The moving statistics
    follow within ten steps: the shortest runs have few.
    """
    layers = keras.layers
    flat = len(shape) == 2
    convolution = layers.Conv1D if flat else layers.Conv2D
    pooling = (
        layers.GlobalAveragePooling1D if flat else layers.GlobalAveragePooling2D
    )

    def convolved(x, width, size=3, stride=1):
        return convolution(
            width,
            size,
            stride,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
        )(x)

    def normalised(x):
        return layers.BatchNormalization(momentum=0.9)(x)

    inputs = keras.Input(shape)
    x = layers.ReLU()(normalised(convolved(inputs, widths[0])))
    for i in range(len(widths) * blocks):
        width = widths[i // blocks]
        stride = 2 if i and i % blocks == 0 else 1
        new = layers.ReLU()(normalised(convolved(x, width, stride=stride)))
        new = normalised(convolved(new, width))
        if stride > 1:
            x = convolved(x, width, 1, stride)
        x = layers.ReLU()(layers.Add()([x, new]))
    head = layers.Dense(10, activation="softmax")
    return keras.Model(inputs, head(pooling()(x)))


# What the task is made of: data, network, images of a batch, what changes them.
TASKS = {
    "signals": (signals, ((40, 1), (8, 16, 32), 2), 100, None),
    "digits": (digits, ((10, 10, 1), (8, 16, 32), 3), 64, changed),
    "quick": (few_signals, ((40, 1), (8,), 1), 50, None),
}


def task(name, seed):
    """Returns the batches to train on, the validation data, and a network."""
    data, architecture, batch_size, change = TASKS[name]
    training, validation = data(seed)
    batches = Batches(*training, batch_size, seed, change)
    return batches, validation, network(*architecture)
