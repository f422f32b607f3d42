"""What cached features save: an epoch of the head's, over a plain one.

Two `fit`s of equal models with a frozen trunk take turns, epoch by epoch: one
on arrays, the other on features that were computed once. `conv` is the small
network of frozen_stage.py on 32x32 images, `mobilenet` is MobileNetV2 without
its weights on 96x96. Also printed: how long computing the features took, in
epochs of the plain fit, and how far the weights of both are apart. Run as

    KERAS_BACKEND=jax OMP_NUM_THREADS=1 python benchmarks/cached_features.py
"""

import argparse

import keras
import numpy as np
from device import announce
from frozen_stage import conv_model
from interleave import clock
from interleave import epoch_times
from interleave import report

import keras_trainkit as ktk
from keras_trainkit.transfer.frozen_trunk.cached_features import CachedFeatures

BATCH = 32
WARM_UP = 2


def mobilenet():
    base = keras.applications.MobileNetV2(
        weights=None, input_shape=(96, 96, 3), include_top=False, pooling="avg"
    )
    inputs = keras.Input((96, 96, 3))
    x = keras.layers.Dropout(0.2)(base(inputs))
    x = keras.layers.Dense(10, activation="softmax", name="head")(x)
    return keras.Model(inputs, x)


# Samples are those of a small task; what a `fit` does once an epoch weighs more
# with fewer.
NETWORKS = {"conv": (conv_model, 32, 2048), "mobilenet": (mobilenet, 96, 1024)}


def compiled(make):
    keras.utils.set_random_seed(0)
    model = make()
    ktk.transfer.set_trainable(model, "head")
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def measure(name, pairs):
    make, size, samples = NETWORKS[name]
    rng = np.random.default_rng(0)
    x = rng.normal(size=(samples, size, size, 3)).astype("float32")
    y = rng.integers(0, 10, samples)
    plain, cached = compiled(make), compiled(make)
    epochs = WARM_UP + pairs

    def run(model, data, timer):
        model.fit(
            data,
            y,
            BATCH,
            epochs=epochs,
            shuffle=False,
            verbose=0,
            callbacks=[timer],
        )

    with CachedFeatures(cached, BATCH) as cache:
        # The first time compiles.
        cache.data(x[:BATCH], training=True)
        begin = clock()
        features = cache.data(x, training=True)
        once = clock() - begin
        times = epoch_times(
            [lambda t: run(plain, x, t), lambda t: run(cached, features, t)],
            WARM_UP,
        )
    seconds = np.median(times, axis=1)
    print(
        f"{name}: {samples} samples, an epoch on arrays {seconds[0]:.2f} s, "
        f"on features {seconds[1]:.3f} s"
    )
    title = f"{name}: an epoch on arrays over one on features"
    report(title, times[0], times[1])
    once = np.full(pairs, once)
    report(f"{name}: features once, over an epoch", once, times[0])
    apart = max(
        np.abs(one - two).max()
        for one, two in zip(
            plain.get_weights(), cached.get_weights(), strict=True
        )
    )
    print(f"{name}: weights differ by at most {apart:.1e}", flush=True)


if __name__ == "__main__":
    announce()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS))
    arguments = parser.parse_args()
    for network in arguments.networks:
        measure(network, arguments.pairs)
