"""What `batch_norm.refresh` costs, over one `predict` of the same data.

    KERAS_BACKEND=jax python benchmarks/refresh_batch_norm.py [--quick]

Three models: a small convolutional network with three BatchNormalizations, a
residual one with seven levels, and a dense one of ten. These take turns:
`predict`; a refresh that has been compiled, as `RefreshBatchNorm` runs it from
the second epoch on; the same with nothing kept between passes; and on torch
`update_bn`'s single pass in training mode. Ratios to `predict`, medians with
quartiles. BENCHMARK_CLOCK=processor on a machine that is busy.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from device import announce
from interleave import clock
from interleave import report

from keras_trainkit.batch_norm import repeated_batches
from keras_trainkit.batch_norm.refresher import Refresher

layers = keras.layers
BATCH = 32


def convolutional():
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            *_block(16),
            layers.MaxPooling2D(),
            *_block(32),
            layers.MaxPooling2D(),
            *_block(64),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10),
        ]
    )


def _block(filters):
    convolution = layers.Conv2D(filters, 3, padding="same", use_bias=False)
    return [convolution, layers.BatchNormalization(), layers.ReLU()]


def residual():
    h = inputs = keras.Input((32, 32, 3))
    for layer in _block(16):
        h = layer(h)
    for _ in range(3):
        before = h
        for layer in [*_block(16), *_block(16)]:
            h = layer(h)
        h = layers.Add()([h, before])
    h = layers.GlobalAveragePooling2D()(h)
    return keras.Model(inputs, layers.Dense(10)(h))


def dense():
    hidden = [
        layer
        for _ in range(10)
        for layer in (layers.Dense(100, "swish"), layers.BatchNormalization())
    ]
    return keras.Sequential([keras.Input((3072,)), *hidden, layers.Dense(10)])


MODELS = {
    "convolutional, 3 levels": convolutional,
    "residual, 7 levels": residual,
    "dense, 10 levels": dense,
}


def update_bn(model, x):
    """torch's way: one pass in training mode."""
    import torch

    with torch.no_grad():
        for start in range(0, len(x), BATCH):
            model(x[start : start + BATCH], training=True)


def compare(name, rows, rounds):
    keras.utils.set_random_seed(0)
    model = MODELS[name]()
    model.compile("sgd", "mse")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, *model.input_shape[1:])).astype("float32")
    refresher = Refresher(model)

    def refresh(limit):
        repeated_batches.MEMORY_LIMIT = limit
        refresher(x, BATCH, None)

    ways = {
        "predict": lambda: model.predict(x, batch_size=BATCH, verbose=0),
        "refresh": lambda: refresh(2**28),
        "refresh, nothing kept": lambda: refresh(0),
    }
    if keras.backend.backend() == "torch":
        ways["one pass in training mode"] = lambda: update_bn(model, x)
    times = {way: [] for way in ways}
    for i in range(rounds + 1):
        for way, act in ways.items():
            start = clock()
            act()
            if i:  # the first round compiles
                times[way].append(clock() - start)
    base = np.array(times.pop("predict"))
    print(f"{name}: predict of {rows} rows takes {np.median(base):.3f} s")
    for way, seconds in times.items():
        report(f"  {way} / predict", np.array(seconds), base)


if __name__ == "__main__":
    announce()
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    for name in MODELS:
        compare(name, 256 if quick else 1024, 3 if quick else 7)
