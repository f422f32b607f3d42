"""Step time of `fit` with MagnitudePruning over without.

    KERAS_BACKEND=jax python benchmarks/pruning.py

A net of five dense layers (256 wide, batch 128) and a convolutional one
(32 x 32 x 3, batch 64), Adam; new masks every 100 updates, and every 10.
Several `fit`s of each take turns epoch by epoch: bare, with each structure,
and bare again, whose ratio to the first shows what noise alone does. Printed
are medians of the ratios of adjacent epochs, and quartiles.
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

# Network, size of a batch, steps in an epoch, and what is not pruned 2:4.
NETWORKS = {
    "dense": (dense_layers, 128, 100, None),
    "convolutional": (convolutional_layers, 64, 10, "first"),
}
KINDS = {
    "bare": None,
    "each kernel": {},
    "global": {"structure": "global"},
    "2:4": {"structure": "2:4", "target_sparsity": 0.5},
    "filters": {"structure": "filters", "target_sparsity": 0.5},
    "each kernel, every 10 updates": {"frequency": 10},
    "bare again": None,
}


def fit_with(network, options, epochs):
    make, batch, steps, odd = NETWORKS[network]
    keras.utils.set_random_seed(0)
    shape, layers = make()
    layers[0].name = "first"
    model = keras.Sequential([keras.Input(shape), *layers])
    model.compile(keras.optimizers.Adam(1e-4), "mse")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(batch * steps, *shape)).astype("float32")
    y = rng.normal(size=(batch * steps, 1)).astype("float32")
    pruning = []
    if options is not None:
        options = {"end": epochs * steps, "exclude": odd, **options}
        pruning.append(ktk.callbacks.MagnitudePruning(**options))

    def fit(timer):
        model.fit(
            x,
            y,
            batch_size=batch,
            epochs=epochs,
            verbose=0,
            callbacks=[*pruning, timer],
        )

    return fit


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS)[1:])
    arguments = parser.parse_args()
    kinds, epochs = ["bare", *arguments.kinds], arguments.epochs
    for network in NETWORKS:
        fits = [fit_with(network, KINDS[kind], epochs) for kind in kinds]
        times = epoch_times(fits, WARM_UP)
        for name, own in list(zip(kinds, times, strict=True))[1:]:
            report(f"{network}, {name}", own, times[0])


if __name__ == "__main__":
    announce()
    main()
