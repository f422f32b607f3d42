"""Models with state that `model.variables` does not show, or that draw.

Each maps inputs of shape `(ROWS, 4)` to `(ROWS, 1)`; the same call twice gives
two results, because the first has changed something.
"""

import keras
import numpy as np

from tests.helpers.arrays import to_numpy

ROWS = 4
BACKEND = keras.backend.backend()


def recurrent(layer):
    return keras.Sequential(
        [
            keras.Input((4,), batch_size=ROWS),
            keras.Sequential([keras.layers.Reshape((2, 2)), layer]),
            keras.layers.Dense(1),
        ]
    )


def simple(**options):
    return keras.layers.SimpleRNN(2, stateful=True, **options)


def cells():
    parts = [keras.layers.GRUCell(2), keras.layers.SimpleRNNCell(2)]
    return keras.layers.RNN(parts, stateful=True)


def around(layer):
    return keras.Sequential(
        [keras.Input((4,)), layer, keras.layers.Dense(1, use_bias=False)]
    )


class Noise(keras.layers.Layer):
    """Adds noise from generators in every kind of container."""

    def __init__(self):
        super().__init__()
        one, two, three = (keras.random.SeedGenerator(i) for i in range(3))
        self.listed, self.named, self.pair = [one], {"two": [two]}, (three,)

    def call(self, x):
        for seed in [*self.listed, *self.named["two"], *self.pair]:
            x = x + keras.random.normal(keras.ops.shape(x), seed=seed)
        return x


class Calls(keras.layers.Layer):
    """Adds how often it was called, kept in `count` out of Keras's sight."""

    def __init__(self, count):
        super().__init__()
        self.__dict__["hidden"] = {"count": count}

    def call(self, x):
        count = self.__dict__["hidden"]["count"]
        count.assign(count + 1)
        return x + keras.ops.cast(count, x.dtype)


def tensorflow_count():
    import tensorflow as tf

    return around(Calls(tf.Variable(0.0)))


def tensorflow_generator():
    import tensorflow as tf

    class Drawn(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.generator = tf.random.Generator.from_seed(1)

        def call(self, x):
            return x + self.generator.normal((ROWS, 4))

    return around(Drawn())


def torch_buffers():
    import torch

    class Counted(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("count", torch.zeros(()))
            self.norm = torch.nn.BatchNorm1d(4)

        def forward(self, x):
            self.count = self.count + 1  # replaced, not written to
            return self.norm(x) + self.count

    wrapper = keras.layers.TorchModuleWrapper(Counted(), output_shape=(None, 4))
    return around(wrapper)


def torch_generator():
    import torch

    class Drawn(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.generators = [torch.Generator().manual_seed(1)]

        def call(self, x):
            return x + torch.rand(x.shape, generator=self.generators[0])

    return around(Drawn())


MODELS = {
    "recurrent states": lambda: recurrent(simple()),
    "both directions": lambda: recurrent(keras.layers.Bidirectional(simple())),
    "cells": lambda: recurrent(cells()),
    "generators in containers": lambda: around(Noise()),
    "a hidden variable": lambda: around(
        Calls(keras.Variable(0.0, trainable=False))
    ),
}
if BACKEND == "tensorflow":
    MODELS["tf.Variable"] = tensorflow_count
    MODELS["tf.random.Generator"] = tensorflow_generator
if BACKEND == "torch":
    MODELS["buffers"] = torch_buffers
    MODELS["torch.Generator"] = torch_generator


def called(model):
    """Returns outputs that differ when anything does; eager on purpose."""
    x = np.random.default_rng(0).normal(size=(ROWS, 4)).astype("float32")
    return [to_numpy(model(x, training=t)) for t in (True, False)]
