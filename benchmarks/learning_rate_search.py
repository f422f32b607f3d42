"""What a learning-rate search costs, and how good its suggestions are.

    KERAS_BACKEND=jax python benchmarks/learning_rate_search.py cost
    KERAS_BACKEND=torch python benchmarks/learning_rate_search.py digits

cost: 6 x Dense(64), Adam, batch 32. A plain `fit`, one with
`LearningRateFinder` and a second plain one take turns epoch by epoch: ratios
of step times. Then whole searches in turn with plain `fit`s of the same 100
steps, both on new models, tracing and compiling included.

digits: scikit-learn's, 3 networks x SGD with momentum and Adam x 5 seeds, 8
epochs of batch 32 at a constant rate: mean test accuracy at the suggested
rates against the best rate of a grid; and by seed, against the rate of the
grid that had the highest test accuracy there.
"""

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from interleave import epoch_times
from interleave import report
from networks import deep_model

import keras_trainkit as ktk

BATCH, STEPS, WARM_UP = 32, 100, 2
METHODS = ("valley", "steepest")
GRID = {"sgd": np.geomspace(1e-3, 1.0, 7), "adam": np.geomspace(1e-4, 0.1, 7)}
OPTIMIZERS = {
    "sgd": lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
    "adam": keras.optimizers.Adam,
}


def cost(epochs):
    rng = np.random.default_rng(0)
    data = (
        rng.normal(size=(BATCH * STEPS, 64)).astype("float32"),
        rng.normal(size=(BATCH * STEPS, 1)).astype("float32"),
    )
    finder = ktk.callbacks.LearningRateFinder(
        1e-7, 1e-3, steps=epochs * STEPS, early_stop_threshold=None
    )
    ways = {"plain": [], "a search": [finder], "plain again": []}

    def fit_with(callbacks):
        model = deep_model()
        return lambda timer: model.fit(
            *data,
            batch_size=BATCH,
            epochs=epochs,
            verbose=0,
            callbacks=[*callbacks, timer],
        )

    times = epoch_times([fit_with(c) for c in ways.values()], WARM_UP)
    for name, row in zip(ways, times, strict=True):
        report(f"step time of {name} over plain", row, times[0])
    whole(data)


def whole(data, pairs=6):
    def seconds(call):
        model = deep_model()
        start = time.perf_counter()
        call(model)
        return time.perf_counter() - start

    times = np.array(
        [
            (
                seconds(lambda m: m.fit(*data, batch_size=BATCH, verbose=0)),
                seconds(
                    lambda m: ktk.tuning.find_learning_rate(
                        m, *data, 1e-7, 1e-3, early_stop_threshold=None
                    )
                ),
            )
            for _ in range(pairs)
        ]
    ).T[:, 1:]
    report("whole search over plain fit, 100 steps", times[1], times[0])


def mlp():
    return [
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(32, activation="relu"),
    ]


def normalised():
    return [
        keras.layers.Dense(64),
        keras.layers.BatchNormalization(),
        keras.layers.ReLU(),
        keras.layers.Dense(32),
        keras.layers.BatchNormalization(),
        keras.layers.ReLU(),
    ]


def convolutional():
    return [
        keras.layers.Reshape((8, 8, 1)),
        keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
        keras.layers.Flatten(),
    ]


def network(body, optimizer, seed, rate=1e-3):
    keras.utils.set_random_seed(seed)
    head = keras.layers.Dense(10, activation="softmax")
    model = keras.Sequential([keras.Input((64,)), *body(), head])
    model.compile(
        OPTIMIZERS[optimizer](rate),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


class Task:
    """One seed's split of the digits, and one network on it."""

    def __init__(self, data, body, optimizer, seed):
        order = np.random.default_rng(seed).permutation(len(data[1]))
        self.train = [part[order[:1200]] for part in data]
        self.test = [part[order[1200:]] for part in data]
        self.made_of = body, optimizer, seed

    def accuracy(self, rate):
        model = network(*self.made_of, rate)
        model.fit(*self.train, batch_size=BATCH, epochs=8, verbose=0)
        return model.evaluate(*self.test, verbose=0)[1]

    def search(self):
        return ktk.tuning.find_learning_rate(
            network(*self.made_of), *self.train
        )


def digits(seeds):
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    data = ((images / 16).astype("float32"), labels)
    behind = {method: {} for method in METHODS}
    for body in (mlp, normalised, convolutional):
        for optimizer in OPTIMIZERS:
            rows = [
                accuracies(Task(data, body, optimizer, seed), optimizer)
                for seed in range(seeds)
            ]
            grid = np.array([row[0] for row in rows])
            name = f"{body.__name__} {optimizer}"
            for k, method in enumerate(METHODS, 1):
                ours = np.array([row[k] for row in rows])
                behind[method][name] = (
                    100 * (grid.max(axis=1) - ours),
                    100 * (grid.mean(axis=0).max() - ours.mean()),
                )
                print(f"{name} {method}: {told(*behind[method][name])}")
    for method, cases in behind.items():
        points = np.concatenate([each for each, _ in cases.values()])
        means = np.array([mean for _, mean in cases.values()])
        print(
            f"[{keras.backend.backend()}] {method}: mean accuracies are within "
            f"2 points of the best rate's in {np.sum(means <= 2)} of "
            f"{len(means)} cases, {means.max():.1f} behind at worst; single "
            f"seeds in {np.sum(points <= 2)} of {len(points)}"
        )


def accuracies(task, optimizer):
    """Returns the grid's test accuracies and those of our suggestions."""
    found = task.search()
    grid = [task.accuracy(rate) for rate in GRID[optimizer]]
    ours = [task.accuracy(found.suggestion(method)) for method in METHODS]
    return grid, *ours


def told(each, mean):
    seeds = ", ".join(f"{points:.1f}" for points in each)
    return f"{mean:.1f} points behind on average (by seed: {seeds})"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=["cost", "digits"])
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    if arguments.part == "cost":
        cost(arguments.epochs)
    else:
        digits(arguments.seeds)


if __name__ == "__main__":
    main()
