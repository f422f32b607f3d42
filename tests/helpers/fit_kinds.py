"""Optimizers for a model to be compiled with, and their replays."""

import keras

import keras_trainkit as ktk
from tests.helpers import replay

# By name: what makes one for a model, its rule in a replay, its learning rate,
# its momentum or beta_1, and the multiples of the rate by layer.
KINDS = {
    "sgd": (
        lambda model: keras.optimizers.SGD(0.05),
        replay.sgd,
        0.05,
        None,
        {},
    ),
    "momentum": (
        lambda model: keras.optimizers.SGD(0.05, momentum=0.9),
        replay.sgd,
        0.05,
        0.9,
        {},
    ),
    "nesterov": (
        lambda model: keras.optimizers.SGD(0.05, momentum=0.8, nesterov=True),
        replay.nesterov,
        0.05,
        0.8,
        {},
    ),
    "adam": (
        lambda model: keras.optimizers.Adam(0.01),
        replay.adam,
        0.01,
        0.9,
        {},
    ),
    "layerwise": (
        lambda model: ktk.optimizers.LayerwiseLearningRate(
            keras.optimizers.SGD(0.05, momentum=0.9),
            ktk.optimizers.multipliers(model, {"low": 0.5}),
        ),
        replay.sgd,
        0.05,
        0.9,
        {"low": 0.5},
    ),
}
