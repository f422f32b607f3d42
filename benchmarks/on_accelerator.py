"""ResNet50 and a transformer of twelve layers, at the sizes they are used at.

    KERAS_BACKEND=jax python benchmarks/on_accelerator.py
    KERAS_BACKEND=jax python benchmarks/on_accelerator.py --what step mc

ResNet50 on images of 224 x 224, in batches of 64; a transformer (768 wide, 12
heads, 128 tokens), in batches of 32; both in mixed precision. What takes turns:

step: `fit` with OneCycle, and without again, over `fit` without.
frozen: a step that trains the head alone over one that trains everything.
cached: an epoch of a head on arrays over one on cached features, both without
dropout in what is frozen.
pruning: `fit` with MagnitudePruning, new masks every 10 updates, over without.
first: the first `fit` of two steps with OneCycle over one without: what
compiling costs.
mc: `mc_predict` of 20 samples over the limit, and a loop of `predict` over
`mc_predict`. The limit is what comes before the first dropout once, and what
comes behind it without dropout for each sample, compiled.

Printed are medians of ratios with quartiles, and of both in seconds: an epoch,
a whole `fit`, or a whole prediction. `--small` takes tiny ones, to see that all
of it runs.
"""

import argparse
import dataclasses
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from device import announce
from interleave import clock
from interleave import epoch_times
from interleave import report
from mc_settings import compiled
from mc_settings import in_turns

import keras_trainkit as ktk
from keras_trainkit.transfer.frozen_trunk.cached_features import CachedFeatures

L = keras.layers
WARM_UP = 2
CLASSES = 10
WIDE = 512  # of a vocabulary; a table of words takes part in no product


@dataclasses.dataclass(frozen=True)
class Sizes:
    """How large a network and its data are."""

    batch: int
    steps: int
    width: int
    length: int
    depth: int
    heads: int = 1
    samples: int = 20
    rate: float = 0.1


SIZES = {
    "resnet50": (Sizes(64, 8, 64, 224, 50), Sizes(4, 2, 4, 8, 1, samples=4)),
    "transformer": (
        Sizes(32, 16, 768, 128, 12, heads=12),
        Sizes(4, 2, 8, 4, 2, heads=2, samples=4),
    ),
}


def resnet50(sizes):
    """Returns the layers before the first dropout, and those from it on."""
    shape = (sizes.length, sizes.length, 3)
    if sizes.depth == 50:
        trunk = keras.applications.ResNet50(
            weights=None, include_top=False, input_shape=shape, pooling="avg"
        )
    else:
        trunk = keras.Sequential(
            [
                keras.Input(shape),
                L.Conv2D(sizes.width, 3),
                L.BatchNormalization(),
                L.GlobalAveragePooling2D(),
            ]
        )
    return [keras.Input(shape), trunk], [L.Dropout(0.5), head()]


def transformer(sizes):
    """Likewise: the embedding, and all the blocks."""
    trunk = [
        keras.Input((sizes.length,), dtype="int32"),
        L.Embedding(WIDE, sizes.width),
    ]
    blocks = [block(sizes) for _ in range(sizes.depth)]
    return trunk, [*blocks, L.GlobalAveragePooling1D(), head()]


def block(sizes):
    x = inputs = keras.Input((sizes.length, sizes.width))
    attention = L.MultiHeadAttention(sizes.heads, sizes.width // sizes.heads)
    normed = L.LayerNormalization()(x)
    x = L.Add()([x, L.Dropout(sizes.rate)(attention(normed, normed))])
    h = L.Dense(4 * sizes.width, "gelu")(L.LayerNormalization()(x))
    h = L.Dropout(sizes.rate)(L.Dense(sizes.width)(h))
    return keras.Model(inputs, L.Add()([x, h]))


def head():
    return L.Dense(CLASSES, "softmax", dtype="float32", name="head")


NETWORKS = {"resnet50": resnet50, "transformer": transformer}


class Setting:
    """A network, its data, and how it is trained."""

    def __init__(self, name, small):
        self.name, self.sizes = name, SIZES[name][small]
        rows = self.sizes.batch * self.sizes.steps
        rng = np.random.default_rng(0)
        model = self.model()
        shape = (rows, *model.input_shape[1:])
        if name == "transformer":
            self.x = rng.integers(0, WIDE, shape).astype("int32")
        else:
            self.x = rng.normal(size=shape).astype("float32")
        self.y = rng.integers(0, CLASSES, rows)

    def layers(self):
        keras.utils.set_random_seed(0)
        return NETWORKS[self.name](self.sizes)

    def model(self, trained="all"):
        trunk, tail = self.layers()
        model = keras.Sequential([*trunk, *tail])
        ktk.transfer.set_trainable(model, trained)
        optimizer = keras.optimizers.SGD(1e-3, momentum=0.9)
        model.compile(optimizer, "sparse_categorical_crossentropy")
        return model

    def fit(self, model, epochs, *callbacks, x=None):
        x = self.x if x is None else x
        model.fit(
            x,
            self.y[: len(x)] if isinstance(x, np.ndarray) else self.y,
            self.sizes.batch,
            epochs=epochs,
            shuffle=False,
            verbose=0,
            callbacks=list(callbacks),
        )

    def training(self, epochs, *callbacks, **options):
        """Returns a `fit` of a new model that takes a timer."""
        model = self.model(**options)
        return lambda timer: self.fit(model, epochs, *callbacks, timer)


def compare(title, fits, names):
    """Lets fits take turns; the first is what the others are compared with."""
    times = epoch_times(fits, WARM_UP)
    for name, own in zip(names, times[1:], strict=True):
        report(f"{title}: {name}", own, times[0], seconds=True)


def step(setting, pairs):
    epochs = WARM_UP + pairs
    one_cycle = ktk.callbacks.OneCycle(1e-3)
    fits = [
        setting.training(epochs),
        setting.training(epochs, one_cycle),
        setting.training(epochs),
    ]
    names = ["an epoch with OneCycle over without", "without over without"]
    compare(setting.name, fits, names)


def frozen(setting, pairs):
    epochs = WARM_UP + pairs
    fits = [
        setting.training(epochs),
        setting.training(epochs, trained="head"),
    ]
    compare(setting.name, fits, ["an epoch of the head alone over all"])


def cached(setting, pairs):
    epochs, batch = WARM_UP + pairs, setting.sizes.batch
    # What draws random numbers differs each time, and cannot be cached.
    setting.sizes = dataclasses.replace(setting.sizes, rate=0.0)
    plain, on_features = setting.model("head"), setting.model("head")
    with CachedFeatures(on_features, batch) as cache:
        features = cache.data(setting.x, training=True)
        fits = [
            lambda t: setting.fit(on_features, epochs, t, x=features),
            lambda t: setting.fit(plain, epochs, t),
        ]
        name = "an epoch of the head on arrays over one on cached features"
        compare(setting.name, fits, [name])


def pruning(setting, pairs):
    epochs = WARM_UP + pairs
    masks = ktk.callbacks.MagnitudePruning(
        end=epochs * setting.sizes.steps, frequency=10
    )
    fits = [setting.training(epochs), setting.training(epochs, masks)]
    compare(setting.name, fits, ["an epoch with pruning over without"])


def first(setting, pairs):
    def seconds(*callbacks):
        model = setting.model()
        start = clock()
        rows = setting.x[: 2 * setting.sizes.batch]
        setting.fit(model, 2, *callbacks, x=rows)
        return clock() - start

    seconds()  # what a process does only once
    ways = {
        "with": lambda: seconds(ktk.callbacks.OneCycle(1e-3)),
        "without": seconds,
    }
    times = {name: [] for name in ways}
    for turn in range(pairs):
        for name in sorted(ways, reverse=bool(turn % 2)):
            times[name].append(ways[name]())
    times = {name: np.array(found) for name, found in times.items()}
    name = f"{setting.name}: a first fit with OneCycle over without"
    report(name, times["with"], times["without"], seconds=True)


def mc(setting, pairs):
    sizes = setting.sizes
    trunk, tail = setting.layers()
    model = keras.Sequential([*trunk, *tail])
    sampled = ktk.uncertainty.to_mc(model)
    certain = [one for one in tail if not isinstance(one, L.Dropout)]
    before, behind = compiled(model, trunk[1:]), compiled(model, certain)

    def limit():
        for start in range(0, len(setting.x), sizes.batch):
            hidden = before(setting.x[start : start + sizes.batch])
            parts = [behind(hidden) for _ in range(sizes.samples)]
            keras.ops.convert_to_numpy(sum(parts))

    def loop():
        for _ in range(sizes.samples):
            sampled.predict(setting.x, batch_size=sizes.batch, verbose=0)

    def ours():
        ktk.uncertainty.mc_predict(
            model, setting.x, sizes.samples, sizes.batch, seed=0
        )

    ways = {"limit": limit, "mc_predict": ours, "loop of predict": loop}
    times = in_turns(ways, pairs)
    for one, other in (
        ("mc_predict", "limit"),
        ("loop of predict", "mc_predict"),
    ):
        name = f"{setting.name}: {one} over {other}"
        report(name, times[one], times[other], seconds=True)


MEASURES = {
    "step": step,
    "frozen": frozen,
    "cached": cached,
    "pruning": pruning,
    "first": first,
    "mc": mc,
}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--what", nargs="+", choices=MEASURES, default=list(MEASURES))
    add("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    add("--pairs", type=int, default=9)
    add("--policy", default="mixed_bfloat16", help="Keras's dtype policy")
    add("--small", action="store_true", help="tiny networks and data")
    given = parser.parse_args(arguments)
    announce()
    print(f"[{given.policy}{', small' if given.small else ''}]", flush=True)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(given.policy)
    try:
        for name in given.networks:
            for what in given.what:
                MEASURES[what](Setting(name, given.small), given.pairs)
    finally:
        keras.config.set_dtype_policy(before)


if __name__ == "__main__":
    main()
