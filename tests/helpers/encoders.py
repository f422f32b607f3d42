"""Tiny encoders, unlabelled data, and what a pretraining must not change."""

import keras
import numpy as np

from tests.helpers.arrays import to_numpy

L = keras.layers
RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(48, 6)).astype("float32")
IMAGES = RNG.uniform(size=(24, 4, 4, 1)).astype("float32")
FIT = {"batch_size": 16, "verbose": 0, "shuffle": False}


def eager_friendly(model):
    """Keeps TensorFlow from compiling by XLA, which takes seconds."""
    model.layers[0].supports_jit = keras.backend.backend() != "tensorflow"
    return model


def dense_encoder(seed=1, dtype=None, **first):
    keras.utils.set_random_seed(seed)
    return eager_friendly(
        keras.Sequential(
            [
                keras.Input((6,)),
                L.Dense(5, activation="tanh", name="low", dtype=dtype, **first),
                L.Dense(3, activation="tanh", name="high", dtype=dtype),
            ],
            name="encoder",
        )
    )


def conv_encoder(seed=1):
    keras.utils.set_random_seed(seed)
    return eager_friendly(
        keras.Sequential(
            [keras.Input((4, 4, 1)), L.Conv2D(3, 2, 2, activation="relu")],
            name="encoder",
        )
    )


def values(model):
    return [to_numpy(v.value) for v in model.variables]


def same(first, second):
    return all(map(np.array_equal, first, second))


class Stop(keras.callbacks.Callback):
    """Leaves `fit` by an error, at a batch or at the end of an epoch."""

    def __init__(self, error, at_batch=None):
        super().__init__()
        self.error = error
        self.at_batch = at_batch

    def on_train_batch_end(self, batch, logs=None):
        if batch == self.at_batch:
            raise self.error

    def on_epoch_end(self, epoch, logs=None):
        raise self.error
