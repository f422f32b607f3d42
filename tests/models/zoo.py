"""Tiny models of every kind that a walk has to open."""

import keras
import numpy as np

PACKAGE = "keras_trainkit_tests"


@keras.saving.register_keras_serializable(package=PACKAGE)
class Block(keras.layers.Layer):
    """A residual block with weights of its own, one of them a statistic."""

    def __init__(self, units=4, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.second = keras.layers.Dense(units, name="second")
        self.first = keras.layers.Dense(units, name="first")
        self.norm = keras.layers.BatchNormalization(name="norm")

    def build(self, input_shape):
        self.gate = self.add_weight(shape=(), name="gate")
        self.count = self.add_weight(shape=(), name="n", trainable=False)
        self.first.build(input_shape)
        self.norm.build((*input_shape[:-1], self.units))
        self.second.build((*input_shape[:-1], self.units))

    def call(self, x):
        return x + self.gate * self.second(self.norm(self.first(x)))

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class OwnWeight(keras.Model):
    """A subclassed model with a weight of its own, attributes reversed."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.head = keras.layers.Dense(1, name="head")
        self.hidden = keras.layers.Dense(4, name="hidden")
        self.unused = keras.layers.Dense(2, name="unused")
        self.drop = keras.layers.Dropout(0.5, name="drop")
        self.scale = self.add_weight(shape=(), name="scale")
        self.step = self.add_weight(shape=(), name="step", trainable=False)

    def call(self, x):
        return self.head(self.drop(self.hidden(x))) * self.scale


def dense(units, name, **kwargs):
    return keras.layers.Dense(units, name=name, **kwargs)


def sequential():
    return keras.Sequential(
        [
            keras.Input((4,)),
            dense(4, "hidden"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Dropout(0.5, name="drop"),
            dense(1, "head"),
        ],
        name="model",
    )


def backbone(name="backbone"):
    return keras.Sequential(
        [
            keras.Input((4,)),
            dense(4, "one"),
            keras.layers.BatchNormalization(name="norm"),
            dense(4, "two"),
        ],
        name=name,
    )


def nested(frozen=False):
    inputs = keras.Input((4,))
    base = backbone()
    base.trainable = not frozen
    outer = keras.Model(inputs, base(inputs), name="outer")
    return keras.Model(inputs, dense(1, "head")(outer(inputs)), name="model")


def branches():
    """The kernels come first in the graph, then both normalisations."""
    inputs = keras.Input((4,))
    norm = keras.layers.BatchNormalization
    left = norm(name="norm_left")(dense(4, "left")(inputs))
    right = norm(name="norm_right")(dense(4, "right")(inputs))
    total = keras.layers.Add(name="add")([left, right])
    total = norm(name="norm_sum")(keras.ops.tanh(total))
    return keras.Model(inputs, dense(1, "head")(total), name="model")


def subclassed():
    model = OwnWeight(name="model")
    model(np.ones((2, 4), "float32"))
    return model


def subclassed_inside():
    inputs = keras.Input((4,))
    inner = OwnWeight(name="inner")
    return keras.Model(inputs, dense(1, "top")(inner(inputs)), name="model")


def shared():
    inputs = keras.Input((4,))
    both = dense(4, "both")
    middle = dense(4, "middle")
    left = keras.Model(inputs, both(inputs), name="left")
    right = keras.Model(inputs, both(middle(inputs)), name="right")
    outputs = dense(1, "head")(left(inputs) + right(inputs))
    return keras.Model(inputs, outputs, name="model")


def block():
    inputs = keras.Input((4,))
    x = Block(name="block")(dense(4, "stem")(inputs))
    return keras.Model(inputs, dense(1, "head")(x), name="model")


def over_time(*layers):
    inputs = keras.Input((3, 4))
    x = dense(4, "stem")(inputs)
    for layer in layers:
        x = layer(x, x) if layer.name == "attention" else layer(x)
    return keras.Model(inputs, dense(1, "head")(x), name="model")


def attention():
    return over_time(keras.layers.MultiHeadAttention(2, 2, name="attention"))


def bidirectional():
    lstm = keras.layers.LSTM(2, name="lstm")
    return over_time(keras.layers.Bidirectional(lstm, name="both_ways"))


def cells():
    rnn = keras.layers.RNN(
        [keras.layers.GRUCell(2, name=name) for name in ("low", "high")],
        name="rnn",
    )
    return over_time(rnn)


def wrapped():
    spectral = keras.layers.SpectralNormalization(
        dense(4, "inner"), name="spectral"
    )
    return over_time(
        keras.layers.TimeDistributed(backbone(), name="timed"), spectral
    )


ZOO = {
    "sequential": sequential,
    "nested": nested,
    "nested, frozen before": lambda: nested(frozen=True),
    "branches": branches,
    "subclassed": subclassed,
    "subclassed inside": subclassed_inside,
    "shared": shared,
    "block": block,
    "attention": attention,
    "bidirectional": bidirectional,
    "cells": cells,
    "wrapped": wrapped,
}


def names(layers):
    return [layer.name for layer in layers]
