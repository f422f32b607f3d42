"""How often a learning-rate search answers, and how good its answers are."""

import keras
import numpy as np
from search_tasks import NETWORKS
from search_tasks import Trainer
from search_tasks import digits
from search_tasks import grid
from search_tasks import network

import keras_trainkit as ktk

METHODS = ("valley", "steepest")
# The first five; peers has one more.
MEASURED = tuple(NETWORKS)[:5]


def reliability(seeds, first_seed):
    """Prints a line a network and method, and the counts over all."""
    rows = [
        (name, *measured(name, range(first_seed, first_seed + seeds)))
        for name in MEASURED
    ]
    for k, method in enumerate(METHODS):
        behind = np.concatenate([found[:, k] for _, found, _ in rows])
        own = np.concatenate([found[:, k] for _, _, found in rows])
        print(
            f"[{keras.backend.backend()}] {method}: answered "
            f"{np.sum(np.isfinite(behind))} of {behind.size}; within 2 points "
            f"of the best rate's accuracy {np.sum(behind <= 2)}; of that at "
            f"each seed's own best rate {np.sum(own <= 2)}"
        )


def measured(name, seeds):
    """Returns by how many points each seed's suggestions are behind.

    Once behind the rate of the grid that is best on average, and once behind
    each seed's own best rate, which is partly luck. Without an answer: NaN.
    """
    trainer = Trainer(name)
    accuracies = np.array(
        [[trainer.accuracy(s, rate) for rate in grid(name)] for s in seeds]
    )
    best = accuracies.mean(axis=0).argmax()
    searches = [searched(name, seed) for seed in seeds]
    passes = [len(search.passes) for search in searches]
    rates = np.array([suggestions(search) for search in searches])
    ours = np.array(
        [trained(trainer, *each) for each in zip(seeds, rates, strict=True)]
    )
    behind = 100 * (accuracies[:, [best]] - ours)
    print(
        f"{name}: best rate {grid(name)[best]:.2g}, accuracy there "
        f"{accuracies[:, best].mean():.3f}; passes {passes}",
        flush=True,
    )
    for k, method in enumerate(METHODS):
        each = ", ".join(f"{points:.1f}" for points in behind[:, k])
        print(
            f"  {method}: rates {np.nanmin(rates[:, k]):.2g} to "
            f"{np.nanmax(rates[:, k]):.2g}, points behind "
            f"{np.nanmean(behind[:, k]):.1f} on average ({each})",
            flush=True,
        )
    return behind, 100 * (accuracies.max(axis=1, keepdims=True) - ours)


def trained(trainer, seed, rates):
    """Returns the accuracy at each rate; NaN for NaN."""
    found = {r: trainer.accuracy(seed, r) for r in set(rates) if r > 0}
    return [found.get(rate, np.nan) for rate in rates]


def searched(name, seed):
    train, _ = digits(seed)
    return ktk.tuning.find_learning_rate(network(name, seed), *train)


def suggestions(search):
    try:
        return [search.suggestion(method) for method in METHODS]
    except ValueError:
        return [np.nan for _ in METHODS]
