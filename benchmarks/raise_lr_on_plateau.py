"""Where raising the learning rate on a plateau helps, and where it harms.

    KERAS_BACKEND=torch python benchmarks/raise_lr_on_plateau.py --seeds 50

Two weights on a known surface, SGD with noise on the gradient, 60 epochs of 8
steps from a random start. A plain rate, Keras's `ReduceLROnPlateau` and
`RaiseLROnPlateau` train for equally many epochs from the same starts with the
same noise, at each one's settings below; the last two rows lower the rate
over the run (cosine), without kicks and with them.

ripples: sharp poor minima far out, one wide good minimum at the centre. A rate
    above 2 / curvature leaves the former and stays in the latter.
well:    the good minimum is the sharp one, the poor one is wide.
bowl:    one minimum, and much noise, which only a lower rate averages out.

Printed: the share of seeds that end in the good minimum, mean and standard
deviation of the loss at the end, and its median.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from device import announce

import keras_trainkit as ktk

RATE, EPOCHS, STEPS, BATCH = 0.1, 60, 8, 4
WELL = 4.0


def bowl(w, curvature=1.0):
    return 0.5 * curvature * keras.ops.sum(w**2)


def ripples(w):
    away = 1 - keras.ops.exp(-(w**2) / 8)
    return bowl(w, 0.1) + keras.ops.sum(0.3 * (1 - keras.ops.cos(4 * w)) * away)


def well(w):
    distance = keras.ops.sum((w - WELL) ** 2)
    return bowl(w, 0.1) - 4 * keras.ops.exp(-distance / (2 * 0.5**2))


# The surface, where runs start, the noise, below which a loss is good.
SURFACES = {
    "ripples": (ripples, lambda rng: rng.uniform(-8, 8, 2), 0.2, 0.2),
    "well": (well, lambda rng: WELL + rng.uniform(-1.5, 1.5, 2), 0.2, -1.0),
    "bowl": (bowl, lambda rng: rng.uniform(-8, 8, 2), 2.0, 0.1),
}


class Point(keras.layers.Layer):
    """The surface at the weights; the input is noise on their gradient."""

    def __init__(self, surface, start):
        super().__init__()
        self.surface, self.start = surface, start

    def build(self, shape):
        self.w = self.add_weight(
            shape=(2,), initializer=lambda *_, **__: self.start
        )

    def call(self, noise):
        return self.surface(self.w) + keras.ops.matmul(
            noise, keras.ops.expand_dims(self.w, 1)
        )


def mean_output(y_true, y_pred):
    return keras.ops.mean(y_pred)


def raising():
    return ktk.callbacks.RaiseLROnPlateau(
        factor=10.0, patience=5, duration=2, max_kicks=3, min_delta=1e-2
    )


def reducing():
    return keras.callbacks.ReduceLROnPlateau(
        factor=0.5, patience=5, min_delta=1e-2
    )


def cosine():
    return keras.optimizers.schedules.CosineDecay(RATE, EPOCHS * STEPS)


WAYS = {
    "plain": (lambda: RATE, []),
    "ReduceLROnPlateau": (lambda: RATE, [reducing]),
    "RaiseLROnPlateau": (lambda: RATE, [raising]),
    "cosine": (cosine, []),
    "cosine, RaiseLROnPlateau": (cosine, [raising]),
}


def final_loss(surface, start, noise, seed, rate, callbacks):
    """Trains one point; returns the surface where it ends."""
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    point = Point(surface, np.array(start(rng), "float32"))
    model = keras.Sequential([keras.Input((2,)), point])
    model.compile(keras.optimizers.SGD(rate()), mean_output)
    x = rng.normal(0, noise * BATCH**0.5, (STEPS * BATCH, 2))
    x -= x.mean(axis=0)  # or it would move the minimum
    y = np.zeros((STEPS * BATCH, 1))
    still = np.zeros((1, 2)), np.zeros((1, 1))
    history = model.fit(
        x.astype("float32"),
        y,
        batch_size=BATCH,
        epochs=EPOCHS,
        verbose=0,
        validation_data=still,
        callbacks=[make() for make in callbacks],
    )
    return history.history["val_loss"][-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--surfaces", nargs="+", default=list(SURFACES))
    arguments = parser.parse_args()
    print(f"{keras.backend.backend()}, {arguments.seeds} seeds")
    for name in arguments.surfaces:
        surface, start, noise, good = SURFACES[name]
        for way, (rate, callbacks) in WAYS.items():
            ends = np.array(
                [
                    final_loss(surface, start, noise, seed, rate, callbacks)
                    for seed in range(arguments.seeds)
                ]
            )
            print(
                f"{name:8} {way:25} good {np.mean(ends < good):4.0%}  "
                f"loss {ends.mean():7.3f} +- {ends.std(ddof=1):.3f}  "
                f"median {np.median(ends):7.3f}",
                flush=True,
            )


if __name__ == "__main__":
    announce()
    main()
