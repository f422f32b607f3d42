"""Time of `fit` with TrainingDoctor over `fit` without.

    KERAS_BACKEND=jax python benchmarks/training_doctor.py

A small dense network (3 x Dense(64), 5000 rows, batch 32) and a convolutional
one (2 x Conv2D, Dense, 1000 pictures of 28 x 28). Three `fit`s take turns
epoch by epoch: a plain one, one with the doctor, and a second plain one, whose
ratio to the first shows what noise alone does. Most epochs are not looked at,
so besides the medians of the ratios of adjacent epochs the ratio of the sums
is printed, which holds the epochs that are. The first epochs, which compile,
are left out of both; what is compiled for the doctor is in `--with-first`.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from device import announce
from interleave import epoch_times
from interleave import report

import keras_trainkit as ktk

WARM_UP = 2


def dense():
    layers = keras.layers
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((20,)),
            *(layers.Dense(64, activation="relu") for _ in range(3)),
            layers.Dense(4, activation="softmax"),
        ]
    )
    return model, 5000


def convolutional():
    layers = keras.layers
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(4, activation="softmax"),
        ]
    )
    return model, 1000


def fit_with(make, callbacks, epochs):
    model, rows = make()
    model.compile("adam", "sparse_categorical_crossentropy")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, *model.input_shape[1:])).astype("float32")
    y = rng.integers(0, 4, rows)

    def fit(timer):
        # The timer comes first at the beginning of an epoch and last at its
        # end, so that the doctor's hooks are within.
        model.fit(x, y, epochs=epochs, verbose=0, callbacks=[*callbacks, timer])

    return fit


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=42)
    parser.add_argument("--with-first", action="store_true")
    given = parser.parse_args()
    warm_up = 0 if given.with_first else WARM_UP
    for make in (dense, convolutional):
        doctor = ktk.callbacks.TrainingDoctor(verbose=0)
        fits = [
            fit_with(make, callbacks, given.epochs)
            for callbacks in ([], [doctor], [])
        ]
        plain, doctored, again = epoch_times(fits, warm_up)
        report(f"{make.__name__}, doctor", doctored, plain)
        report(f"{make.__name__}, plain again", again, plain)
        pair = (plain.sum() + again.sum()) / 2
        print(
            f"    epoch {1e3 * np.median(plain):.0f} ms; sums over "
            f"{len(plain)} epochs: doctor x{doctored.sum() / pair:.3f}, "
            f"plain x{plain.sum() / pair:.3f} and x{again.sum() / pair:.3f}",
            flush=True,
        )


if __name__ == "__main__":
    announce()
    main()
