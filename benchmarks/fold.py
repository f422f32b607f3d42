"""What `batch_norm.fold` changes: outputs, weights, and the time of a call.

Run as `python benchmarks/fold.py exact`: for one member of each family of
`keras.applications`, without its published weights, at a small input: how
many BatchNormalization are folded, the parameters before and after, and three
differences of outputs, relative to the largest output:

- of the folded from the given model, in float32,
- of the given model in float32 from itself in float64: what rounding makes of
  it anyway. Deep networks of random kernels make small differences grow,
- of the folded from the given model in float64, where a mistake would show.
  TensorFlow alone computes all of it in float64.

Kernels, gammas and betas are drawn; the statistics are those of a batch, so
that the outputs depend on the inputs.

Run as `python benchmarks/fold.py speed`: the median ratio of the time of
`predict_on_batch` after and before, the two taking turns.

Further arguments are the names of the models to look at.
"""

import argparse
import contextlib

import keras
import numpy as np
from device import announce
from interleave import clock
from interleave import report

import keras_trainkit as ktk
from keras_trainkit.models.comparison import largest_difference

_APPS = keras.applications
# The smallest input that each of them takes, or near it.
FAMILIES = {
    "VGG16": 32,
    "ResNet50": 32,
    "ResNet50V2": 32,
    "Xception": 71,
    "InceptionV3": 75,
    "InceptionResNetV2": 75,
    "MobileNet": 32,
    "MobileNetV2": 32,
    "MobileNetV3Small": 32,
    "MobileNetV3Large": 32,
    "DenseNet121": 32,
    "NASNetMobile": 32,
    "EfficientNetB0": 32,
    "EfficientNetV2B0": 32,
    "ConvNeXtTiny": 32,
}
SPEED = {"MobileNetV2": 96, "ResNet50": 64, "EfficientNetB0": 64}
ROUNDS, BATCH, ROWS = 15, 8, 32


def application(name, size, classes=10, seed=0):
    """Returns a member of `keras.applications`, all weights drawn."""
    keras.utils.set_random_seed(seed)
    model = getattr(_APPS, name)(
        weights=None,
        input_shape=(size, size, 3),
        classes=classes,
        classifier_activation=None,
    )
    draws = np.random.default_rng(seed)
    norms = norms_of(model)
    for norm in norms:
        norm.momentum = 0.0
        if norm.scale:
            norm.gamma.assign(draws.uniform(0.5, 1.5, norm.gamma.shape))
        if norm.center:
            norm.beta.assign(0.3 * draws.normal(size=norm.beta.shape))
    if norms:
        model(draws.normal(size=(ROWS, size, size, 3)), training=True)
    return model


def norms_of(model):
    return [
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]


def exact(name, size):
    """Prints one row: what was folded, and how far the outputs are off."""
    model = application(name, size)
    if not norms_of(model):
        print(f"| {name} | none | | | | | |", flush=True)
        return
    draws = np.random.default_rng(1)
    sample = draws.normal(size=(2, size, size, 3)).astype("float32")
    folding = ktk.batch_norm.fold(model, sample)
    with in_float64():
        twin = application(name, size)
        twin.set_weights(model.get_weights())
        in_twin = ktk.batch_norm.fold(twin, sample).largest_difference
        own = largest_difference(twin, model, sample)
    before, after = (one.count_params() for one in (model, folding.model))
    total = len(folding.folded) + len(folding.left)
    print(
        f"| {name} | {len(folding.folded)} of {total} | {before:,} | "
        f"{after:,} | {folding.largest_difference:.1e} | {own:.1e} | "
        f"{in_twin:.1e} |",
        flush=True,
    )


@contextlib.contextmanager
def in_float64():
    policy, floatx = keras.config.dtype_policy(), keras.config.floatx()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        yield
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)


def speed(name, size):
    """Prints the ratio of the times of a call."""
    model = application(name, size)
    models = [model, ktk.batch_norm.fold(model).model]
    x = np.random.default_rng(1).normal(size=(BATCH, size, size, 3))
    x = x.astype("float32")
    times = [[], []]
    for _ in range(ROUNDS + 2):
        for one, measured in zip(models, times, strict=True):
            start = clock()
            one.predict_on_batch(x)
            measured.append(clock() - start)
    before, after = np.array(times)[:, 2:]
    report(f"{name} at {size}, folded", after, before)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ways = {"exact": (exact, FAMILIES), "speed": (speed, SPEED)}
    parser.add_argument("what", choices=ways, nargs="?", default="exact")
    parser.add_argument("names", nargs="*", metavar="name")
    arguments = parser.parse_args()
    run, sizes = ways[arguments.what]
    for name in arguments.names or sizes:
        run(name, sizes[name])
        keras.backend.clear_session()


if __name__ == "__main__":
    announce()
    main()
