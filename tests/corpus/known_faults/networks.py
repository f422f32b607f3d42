"""Small networks that carry the planted faults of layers."""

import keras
import numpy as np
from keras import layers

from tests.corpus.program import Program

SPARSE = "sparse_categorical_crossentropy"
INITIALIZATION = ("initialization",)
ACTIVATION = ("activation",)
NORMALIZATION = ("normalization",)
REGULARIZATION = ("regularization",)


def sequential(*stack, inputs=(16,), loss="mse", optimizer="adam"):
    model = keras.Sequential([keras.Input(inputs), *stack])
    model.compile(optimizer, loss)
    return model


def functional(inputs, outputs, loss="mse", optimizer="adam"):
    model = keras.Model(inputs, outputs)
    model.compile(optimizer, loss)
    return model


def program(model, *faults, **more):
    return Program(model, faults=faults, **more)


def relu(units, **more):
    more = {"kernel_initializer": "he_normal"} | more
    return layers.Dense(units, activation="relu", **more)


def normal(stddev):
    return keras.initializers.RandomNormal(stddev=stddev, seed=1)


class Subclassed(keras.Model):
    def __init__(self, first, second, last):
        super().__init__()
        self.first, self.second, self.last = first, second, last

    def call(self, x, training=None):
        x = self.first(x)
        return self.last(self.second(x, training=training))


def subclassed(*parts, inputs=(2, 16), loss="mse", optimizer="adam"):
    model = Subclassed(*parts)
    model(np.zeros(inputs, "float32"))
    model.compile(optimizer, loss)
    return model


class Identity(layers.Layer):
    def call(self, x, training=None):
        return x


def selu(units=32, **more):
    return layers.Dense(
        units, "selu", kernel_initializer="lecun_normal", **more
    )
