"""Step time of `fit` with ten layer-wise rates over the bare optimizer.

    KERAS_BACKEND=jax python benchmarks/layerwise_rates.py

A convolutional network of ten layers (32 x 32 x 3, batch 32) and one of ten
small dense layers (64 wide, batch 32), AdamW. Three `fit`s of each take turns
epoch by epoch: with the bare optimizer, with `LayerwiseLearningRate` and ten
multipliers, with the bare optimizer again, whose ratio to the first shows what
noise alone does. Printed are medians of the ratios of adjacent epochs, and
quartiles.
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

BATCH, LAYERS, WARM_UP = 32, 10, 2


def dense():
    layers = [keras.layers.Dense(64, "relu") for _ in range(LAYERS - 1)]
    return (64,), [*layers, keras.layers.Dense(1)]


def convolutional():
    layers = [
        keras.layers.Conv2D(
            32, 3, 2 if i in (2, 5) else 1, activation="relu", padding="same"
        )
        for i in range(LAYERS - 1)
    ]
    pool = keras.layers.GlobalAveragePooling2D()
    return (32, 32, 3), [*layers, pool, keras.layers.Dense(1)]


# Network and steps in an epoch.
NETWORKS = {"dense": (dense, 100), "convolutional": (convolutional, 10)}


def fit_with(network, layerwise, epochs):
    make, steps = NETWORKS[network]
    keras.utils.set_random_seed(0)
    shape, layers = make()
    model = keras.Sequential([keras.Input(shape), *layers])
    optimizer = keras.optimizers.AdamW(1e-4)
    if layerwise:
        rates = ktk.optimizers.layer_decay(model, 0.8)
        optimizer = ktk.optimizers.LayerwiseLearningRate(optimizer, rates)
        assert len({rates(w) for w in model.weights}) == LAYERS
    model.compile(optimizer, "mse")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCH * steps, *shape)).astype("float32")
    y = rng.normal(size=(BATCH * steps, 1)).astype("float32")

    def fit(timer):
        model.fit(
            x,
            y,
            batch_size=BATCH,
            epochs=epochs,
            verbose=0,
            callbacks=[timer],
        )

    return fit


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=30)
    epochs = parser.parse_args().epochs
    for network in NETWORKS:
        ways = {"bare": False, "ten rates": True, "bare again": False}
        fits = [fit_with(network, way, epochs) for way in ways.values()]
        times = epoch_times(fits, WARM_UP)
        for name, row in zip(ways, times, strict=True):
            report(f"{network}: {name} over bare", row, times[0])


if __name__ == "__main__":
    announce()
    main()
