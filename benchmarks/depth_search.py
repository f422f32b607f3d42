"""What a search for the depth finds, and what its cached features save.

A convolutional network learns the digits 0 to 4 of scikit-learn, and is reused
for 5 to 9 with few labels a class. `find` searches, and prints the table, and
what the best choice and training from scratch reach on test data that the
search has not seen, trained anew with seeds that it has not used. `cost` trains
choices with 1, 2 and all groups frozen, with and without cached features, in
turns, and prints the ratio of the times of whole runs, compiling included. Run
as

    KERAS_BACKEND=torch OMP_NUM_THREADS=1 python benchmarks/depth_search.py find
"""

import argparse
import itertools

import keras
import numpy as np
from device import announce
from interleave import report
from sklearn.datasets import load_digits

import keras_trainkit as ktk
from keras_trainkit.transfer.depth_search.networks import Networks
from keras_trainkit.transfer.depth_search.runs import Runs
from keras_trainkit.transfer.depth_search.space import SCRATCH
from keras_trainkit.transfer.depth_search.space import Configuration

L = keras.layers
LABELS, HELD_OUT, EPOCHS = 10, 40, 30
FRESH_SEEDS = range(1000, 1010)


def pretrained():
    images, labels = load_digits(return_X_y=True)
    x = (images / 16).reshape(-1, 8, 8, 1).astype("float32")
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((8, 8, 1))])
    for filters in (16, 32, 32):
        model.add(L.Conv2D(filters, 3, padding="same", activation="relu"))
    model.add(L.GlobalAveragePooling2D())
    model.add(L.Dense(32, activation="relu"))
    model.add(L.Dense(5, activation="softmax", name="old"))
    model.compile(
        keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy"
    )
    old = labels < 5
    model.fit(x[old], labels[old], epochs=30, verbose=0)
    order = np.random.default_rng(0).permutation(np.flatnonzero(~old))
    by_class = [order[labels[order] == label] for label in range(5, 10)]
    cuts = (0, LABELS, LABELS + HELD_OUT, None)
    parts = [
        np.concatenate([rows[begin:end] for rows in by_class])
        for begin, end in itertools.pairwise(cuts)
    ]
    return model, [(x[rows], labels[rows] - 5) for rows in parts]


def new_model(model):
    model = ktk.transfer.replace_head(
        model, L.Dense(5, activation="softmax", name="new")
    )
    model.compile(
        keras.optimizers.Adam(2e-3),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def find():
    old, (train, held_out, test) = pretrained()
    model = new_model(old)
    search = ktk.transfer.search_depth(
        model,
        *train,
        held_out,
        trials=25,
        seeds=3,
        epochs=EPOCHS,
        batch_size=10,
        monitor="val_accuracy",
        verbose=0,
    )
    print(search, flush=True)
    data = dict(zip(("x", "y"), train, strict=True), batch_size=10)
    data["validation_data"] = test
    networks = Networks(model, None, 1)
    runs = Runs(model, networks, data, EPOCHS, "val_accuracy", True)
    for name, choice in {
        "best": search.best.configuration,
        "from scratch": SCRATCH,
    }.items():
        scores = [
            runs.score(choice, seed, lambda *_: None)["score"]
            for seed in FRESH_SEEDS
        ]
        print(
            f"[{keras.backend.backend()}] {name}, {len(scores)} fresh seeds, "
            f"test accuracy: {np.mean(scores):.3f}, standard deviation "
            f"{np.std(scores, ddof=1):.3f}"
        )


def cost():
    old, (train, held_out, _) = pretrained()
    model = new_model(old)
    data = dict(zip(("x", "y"), train, strict=True), batch_size=10)
    data["validation_data"] = held_out
    networks = Networks(model, None, 1)
    plain, cached = (
        Runs(model, networks, data, EPOCHS, "val_accuracy", cache)
        for cache in (False, True)
    )
    n = networks.count
    for freeze in (1, 2, n):
        choice = Configuration(n, freeze, None, 1.0 if freeze < n else None)
        times = np.array(
            [
                [
                    runs.score(choice, seed, lambda *_: None)["seconds"]
                    for runs in (plain, cached)
                ]
                for seed in range(6)
            ]
        )[1:]  # the first one computes the features
        report(f"{choice}, cached", times[:, 1], times[:, 0])


if __name__ == "__main__":
    announce()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("find", "cost"))
    {"find": find, "cost": cost}[parser.parse_args().what]()
