"""Step time of `fit` with GradientMonitor or NonFiniteGuard over without.

    KERAS_BACKEND=jax python benchmarks/gradient_monitor.py

A net of five dense layers (256 wide, batch 128) and a convolutional one
(32 x 32 x 3, batch 64), Adam. Five `fit`s of each take turns epoch by epoch:
bare, with the monitor, with the guard, with both, and bare again, whose ratio
to the first shows what noise alone does. Printed are medians of the ratios of
adjacent epochs, and quartiles.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from device import announce
from interleave import epoch_times
from interleave import report
from networks import convolutional_layers
from networks import dense_layers

import keras_trainkit as ktk

WARM_UP = 2

# Network, size of a batch and steps in an epoch.
NETWORKS = {
    "dense": (dense_layers, 128, 60),
    "convolutional": (convolutional_layers, 64, 6),
}
KINDS = {
    "bare": [],
    "monitor": [ktk.callbacks.GradientMonitor],
    "guard": [ktk.callbacks.NonFiniteGuard],
    "both": [ktk.callbacks.GradientMonitor, ktk.callbacks.NonFiniteGuard],
    "bare again": [],
}


def fit_with(network, callbacks, epochs):
    make, batch, steps = NETWORKS[network]
    keras.utils.set_random_seed(0)
    shape, layers = make()
    model = keras.Sequential([keras.Input(shape), *layers])
    model.compile(keras.optimizers.Adam(1e-4), "mse")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(batch * steps, *shape)).astype("float32")
    y = rng.normal(size=(batch * steps, 1)).astype("float32")

    def fit(timer):
        model.fit(
            x,
            y,
            batch_size=batch,
            epochs=epochs,
            verbose=0,
            callbacks=[*(make() for make in callbacks), timer],
        )

    return fit


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=20)
    epochs = parser.parse_args().epochs
    for network in NETWORKS:
        fits = [fit_with(network, kind, epochs) for kind in KINDS.values()]
        times = epoch_times(fits, WARM_UP)
        for name, own in list(zip(KINDS, times, strict=True))[1:]:
            report(f"{network}, {name}", own, times[0])


if __name__ == "__main__":
    announce()
    main()
