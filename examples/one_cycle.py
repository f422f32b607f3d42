"""When is 1cycle faster? Five learning rates, three budgets, deep networks.

"Super-convergence" (Smith, 2018) is claimed for deep networks with batch
normalisation under a short budget. Here a residual network learns MNIST-1D,
or a deeper one learns augmented digits, in 3, 10 and 30 epochs, with SGD and
Nesterov momentum under

    constant                 the same rate throughout
    exponential              down to a hundredth
    cosine with warm-up      a tenth of the run up, then down to 0
    1cycle                   OneCycle; the momentum falls from 0.95 to 0.85
                             and rises again
    1cycle, momentum fixed   the same rates with a momentum of 0.9

each at the best peak of the same grid. The peaks were chosen on other seeds,
which `--search` does again; they stand in this file. Run as

    python examples/one_cycle.py
    KERAS_BACKEND=jax python examples/one_cycle.py --budgets 3 10 30 --seeds 5
    KERAS_BACKEND=jax python examples/one_cycle.py --task digits --search

(needs scikit-learn, mnist1d and matplotlib; minutes, and an hour for a search).
It prints the accuracy at the end of each budget, says on how many seeds a third
of the epochs was enough for the accuracy of the best constant rate, and draws
`one_cycle.png`.
"""

import argparse
import functools
import itertools

import keras
import numpy as np
from deep_tasks import task
from one_cycle_figure import draw
from one_cycle_report import report
from one_cycle_report import report_thirds
from one_thread import one_thread_on_torch

import keras_trainkit as ktk

METHODS = (
    "constant",
    "exponential",
    "cosine with warm-up",
    "1cycle",
    "1cycle, momentum fixed",
)
BUDGETS = (3, 10, 30)
GRID = (0.03, 0.1, 0.3, 1.0)
# The best peak for each budget of epochs; how: benchmarks/README.md. For 30
# epochs only those of the constant rate were searched for.
PEAKS = {
    "signals": {
        "constant": {3: 0.1, 10: 0.1, 30: 0.3},
        "exponential": {3: 0.1, 10: 0.1, 30: 0.1},
        "cosine with warm-up": {3: 0.3, 10: 0.1, 30: 0.1},
        "1cycle": {3: 0.3, 10: 0.3, 30: 0.3},
        "1cycle, momentum fixed": {3: 0.3, 10: 0.3, 30: 0.3},
    },
    "digits": {
        "constant": {3: 0.03, 10: 0.1, 30: 0.03},
        "exponential": {3: 0.1, 10: 0.1, 30: 0.1},
        "cosine with warm-up": {3: 0.1, 10: 0.1, 30: 0.1},
        "1cycle": {3: 0.1, 10: 0.1, 30: 0.1},
        "1cycle, momentum fixed": {3: 0.1, 10: 0.3, 30: 0.3},
    },
    "quick": {method: {1: 0.1, 3: 0.1} for method in METHODS},
}
FIRST_TUNING_SEED = 100


def rate_and_callbacks(method, peak, steps):
    """Returns the optimizer's learning rate, and what `fit` is given."""
    schedules = keras.optimizers.schedules
    if method == "constant":
        return peak, []
    if method == "exponential":
        return schedules.ExponentialDecay(peak, steps, 0.01), []
    if method == "cosine with warm-up":
        up = max(1, steps // 10)
        return schedules.CosineDecay(
            0.0, steps - up, warmup_target=peak, warmup_steps=up
        ), []
    return peak, [
        ktk.callbacks.OneCycle(peak, cycle_momentum=method == "1cycle")
    ]


@functools.cache
def train(name, method, peak, epochs, seed):
    """Returns the validation accuracy after each epoch."""
    keras.utils.set_random_seed(seed)
    batches, validation, model = task(name, seed)
    rate, callbacks = rate_and_callbacks(method, peak, epochs * len(batches))
    model.compile(
        keras.optimizers.SGD(rate, momentum=0.9, nesterov=True),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    history = model.fit(
        batches,
        epochs=epochs,
        validation_data=validation,
        validation_batch_size=len(validation[0]),
        callbacks=callbacks,
        verbose=0,
    )
    return np.array(history.history["val_accuracy"])


def runs(name, method, peak, epochs, seeds, longest):
    """Returns accuracies of shape `(seeds, epochs)`.

    A constant rate knows no end, so that a short run is the beginning of a
    longer one, and need not be trained for itself.
    """
    trained = longest if method == "constant" else epochs
    return np.array(
        [train(name, method, peak, trained, seed)[:epochs] for seed in seeds]
    )


def search(args):
    """Returns peaks for `PEAKS`, each the best of the grid on other seeds."""
    seeds = range(FIRST_TUNING_SEED, FIRST_TUNING_SEED + args.tuning_seeds)
    best = {}
    for method in METHODS:
        best[method] = {}
        for epochs in args.budgets:
            found = {
                peak: runs(
                    args.task, method, peak, epochs, seeds, max(args.budgets)
                )[:, -1].mean()
                for peak in args.grid
            }
            best[method][epochs] = max(found, key=found.get)
            shown = "  ".join(f"{p:g}: {a:.4f}" for p, a in found.items())
            print(f"{method:24}{epochs:3} epochs   {shown}", flush=True)
    return best


def compare(args, peaks):
    """Returns `{method: {epochs: accuracies of shape (seeds, epochs)}}`.

    The constant rate also has the budget three times as long as each.
    """
    budgets = list(peaks["constant"])
    longer = {
        long
        for short, long in itertools.pairwise(budgets)
        if short in args.budgets
    }
    found = {}
    for method, by_budget in peaks.items():
        asked = set(args.budgets)
        if method == "constant":
            asked |= longer
        found[method] = {}
        for epochs in sorted(asked):
            peak = by_budget[epochs]
            same = [e for e in asked if by_budget[e] == peak]
            found[method][epochs] = runs(
                args.task, method, peak, epochs, range(args.seeds), max(same)
            )
    return found


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--task", choices=("signals", "digits"), default="signals")
    add("--seeds", type=int, default=3)
    add("--budgets", type=int, nargs="+", choices=BUDGETS, default=[10])
    add("--search", action="store_true", help="choose the peaks anew")
    add("--grid", type=float, nargs="+", default=GRID)
    add("--tuning-seeds", type=int, default=2)
    add("--quick", action="store_true", help="a tiny network, for tests")
    add("--output", default="one_cycle.png")
    args = parser.parse_args(argv)
    if args.quick:
        args.task, args.budgets, args.seeds = "quick", (1,), 1
        args.grid, args.tuning_seeds = (0.1, 0.2), 1
    return args


def main(argv=None):
    args = parse(argv)
    if args.search:
        best = search(args)
        print(best)
        return best
    peaks = PEAKS[args.task]
    found = compare(args, peaks)
    report(found, peaks, args.task)
    report_thirds(found)
    draw(found, args.task, args.output)
    print(f"drawn: {args.output}")
    return found


if __name__ == "__main__":
    one_thread_on_torch()
    main()
