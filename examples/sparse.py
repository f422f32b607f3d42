"""Four ways to a small network: what they cost, what they weigh, how fast.

A network of two hidden layers with 256 units learns to tell digits apart, and
is made smaller in four ways, each to several shares of zeros:

    l1              compression.l1_sparsify while it trains, then
                    compression.prune
    after training  compression.prune, at once
    gradual         callbacks.MagnitudePruning while it trains
    filters         MagnitudePruning(structure="filters"), then
                    compression.shrink: the units are gone

and each also with `model.quantize("int8")` on top. All train for the same
number of epochs. Run as

    python examples/sparse.py
    KERAS_BACKEND=jax python examples/sparse.py --seeds 5
    python examples/sparse.py --dataset fashion_mnist

(needs scikit-learn and matplotlib; minutes). It prints accuracy on images that
were held out, the file of the weights, plain and compressed with gzip, and
the time of `predict_on_batch` over that of the dense network, measured in
turns; and draws `sparse.png`. The l1 factor was chosen of 1e-5,
1e-4 and 1e-3 on the seeds 100 and 101, for 512 units and 30 epochs.
"""

import argparse

import keras
import numpy as np
from image_tasks import load
from one_thread import one_thread_on_torch
from sparse_figure import draw
from sparse_measures import CLOCKS
from sparse_measures import measured

import keras_trainkit as ktk

L1 = 1e-3
SHARES = (0.5, 0.8, 0.9)
WAYS = ("l1", "after training", "gradual", "filters")


def network(inputs, units):
    """Returns a network that is not compiled."""
    return keras.Sequential(
        [
            keras.Input((inputs,)),
            keras.layers.Dense(units, "relu", kernel_initializer="he_normal"),
            keras.layers.Dense(units, "relu", kernel_initializer="he_normal"),
            keras.layers.Dense(10, "softmax"),
        ]
    )


def trained(data, args, seed, callbacks=(), l1=None):
    """Returns a network that has been trained on the first two of `data`."""
    keras.utils.set_random_seed(seed)
    x, y = data[:2]
    model = network(x.shape[1], args.units)
    if l1 is not None:
        ktk.compression.l1_sparsify(model, l1)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(
        x,
        y,
        batch_size=64,
        epochs=args.epochs,
        callbacks=list(callbacks),
        verbose=0,
    )
    return model


def split(dataset, seed):
    """Returns images and labels to train on, and those to test on."""
    x, y = load(dataset)
    order = np.random.default_rng(seed).permutation(len(x))
    x, y = x.reshape(len(x), -1)[order], y[order]
    cut = 2 * len(x) // 3
    return x[:cut], y[:cut], x[cut:], y[cut:]


def pruned(model, share):
    """Returns a copy of a model with that share of zeros."""
    copy = ktk.transfer.clone(model, compile=False)
    ktk.compression.prune(copy, share)
    return copy


def while_training(data, args, seed, share, structure=None):
    """Returns a network that was pruned while it was trained."""
    pruning = ktk.callbacks.MagnitudePruning(
        share, frequency=args.frequency, structure=structure
    )
    return trained(data, args, seed, [pruning])


def models(data, args, seed):
    """Yields `(way, share of zeros, model)`, the dense one first."""
    dense = trained(data, args, seed)
    yield "dense", 0.0, dense
    penalised = trained(data, args, seed, l1=args.l1)
    for share in args.shares:
        yield "l1", share, pruned(penalised, share)
        yield "after training", share, pruned(dense, share)
        yield "gradual", share, while_training(data, args, seed, share)
        filters = while_training(data, args, seed, share, "filters")
        yield "filters", share, ktk.compression.shrink(filters).model


def in_int8(model):
    """Returns a copy of a model whose dense layers hold 8-bit integers."""
    copy = ktk.transfer.clone(model, compile=False)
    copy.quantize("int8")
    return copy


def compare(args):
    """Returns `{(way, share, dtype): array (seeds, measures)}`."""
    found = {}
    for seed in range(args.first_seed, args.first_seed + args.seeds):
        data, dense = split(args.dataset, seed), None
        for way, share, model in models(data, args, seed):
            dense = dense or model
            for kind, one in (("float32", model), ("int8", in_int8(model))):
                row = measured(one, dense, data[2:], args)
                found.setdefault((way, share, kind), []).append(row)
        print(f"seed {seed} done", flush=True)
    return {key: np.array(rows) for key, rows in found.items()}


def report(found):
    """Prints means over the seeds; of the time, quartiles too."""
    print(
        f"{'way':<15} {'share':>5}  {'dtype':<8} {'accuracy':>15} "
        f"{'file kB':>8} {'gzip kB':>8}  {'time over dense':>20}"
    )
    for (way, share, kind), rows in found.items():
        accuracy, file, packed, time = rows.T
        error = (
            accuracy.std(ddof=1) / np.sqrt(len(rows)) if len(rows) > 1 else 0
        )
        low, middle, high = np.percentile(time, [25, 50, 75])
        print(
            f"{way:<15} {share:>5.2f}  {kind:<8} "
            f"{accuracy.mean():.4f} +- {error:.4f} "
            f"{file.mean() / 1e3:8.0f} {packed.mean() / 1e3:8.0f}  "
            f"{middle:.2f} ({low:.2f} to {high:.2f})"
        )


def parse(argv):
    """Returns the arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--dataset", choices=("digits", "fashion_mnist"), default="digits")
    add("--seeds", type=int, default=5)
    add("--first-seed", type=int, default=0)
    add("--epochs", type=int, default=15)
    add("--units", type=int, default=256)
    add("--frequency", type=int, default=10, help="updates between masks")
    add("--shares", type=float, nargs="+", default=SHARES)
    add("--l1", type=float, default=L1)
    add("--rounds", type=int, default=10, help="turns that are timed")
    add("--clock", choices=tuple(CLOCKS), default="wall")
    add("--quick", action="store_true", help="few updates, for tests")
    add("--output", default="sparse.png")
    args = parser.parse_args(argv)
    if args.quick:
        args.seeds, args.epochs, args.units, args.frequency = 1, 1, 16, 3
        args.shares, args.rounds = (0.5,), 1
    return args


def main(argv=None):
    """Compares, prints, draws; returns what was found."""
    args = parse(argv)
    one_thread_on_torch()
    found = compare(args)
    report(found)
    draw(found, args.dataset, args.output)
    return found


if __name__ == "__main__":
    main()
