"""Time of `predict_on_batch` and parameters, before and after shrinking.

    KERAS_BACKEND=jax python benchmarks/shrink.py

A share of the units of each layer but the last is pruned with
`compression.prune(structure="filters")`, and taken out by `compression.shrink`.
Networks: dense (three layers of 1024), convolutional with batch normalisation,
residual (the branches' inner layers shrink, the sums do not where their units
live) and MobileNetV2. The given, the pruned and the shrunk model take turns,
so that pruned over given shows what zeros alone do. Printed are medians of
the ratios, and quartiles. Further arguments are the shares.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from device import announce
from interleave import clock
from interleave import report

import keras_trainkit as ktk

ROUNDS = 20
layers = keras.layers


def dense():
    hidden = [layers.Dense(1024, "relu") for _ in range(3)]
    return keras.Sequential([keras.Input((256,)), *hidden, layers.Dense(10)])


def convolutional():
    model = keras.Sequential([keras.Input((32, 32, 3))])
    for filters, strides in ((64, 1), (64, 2), (128, 1), (128, 2)):
        model.add(
            layers.Conv2D(filters, 3, strides, padding="same", use_bias=False)
        )
        model.add(layers.BatchNormalization())
        model.add(layers.ReLU())
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(10))
    return model


def residual():
    x = inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(64, 3, padding="same")(x)
    for _ in range(4):
        y = layers.Conv2D(64, 3, padding="same", activation="relu")(x)
        y = layers.Conv2D(64, 3, padding="same")(y)
        x = layers.ReLU()(layers.Add()([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10)(x))


def mobile_net():
    return keras.applications.MobileNetV2(
        input_shape=(96, 96, 3), weights=None, classes=10
    )


# Network, and size of a batch.
NETWORKS = {
    "dense": (dense, 512),
    "convolutional": (convolutional, 16),
    "residual": (residual, 16),
    "MobileNetV2": (mobile_net, 8),
}


def seconds(model, x):
    start = clock()
    np.asarray(model.predict_on_batch(x))
    return clock() - start


def compare(name, share):
    make, batch = NETWORKS[name]
    keras.utils.set_random_seed(0)
    model = make()
    pruned = ktk.transfer.clone(model)
    ktk.compression.prune(pruned, share, structure="filters")
    shrinking = ktk.compression.shrink(pruned)
    before, after = shrinking.parameters
    print(
        f"[{keras.backend.backend()}] {name}, {share:.0%} of the units: "
        f"{before:,} parameters, now {after:,} (x{after / before:.2f}); "
        f"largest difference {shrinking.largest_difference:.1g}",
        flush=True,
    )
    shape = (batch, *model.input_shape[1:])
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    models = (model, pruned, shrinking.model)
    for one in models:
        one.predict_on_batch(x)
    times = np.array(
        [[seconds(one, x) for one in models] for _ in range(ROUNDS)]
    ).T
    report("  pruned over given", times[1], times[0])
    report("  shrunk over given", times[2], times[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shares", type=float, nargs="*", default=[0.5, 0.75])
    arguments = parser.parse_args()
    for name in NETWORKS:
        for share in arguments.shares:
            compare(name, share)


if __name__ == "__main__":
    announce()
    main()
