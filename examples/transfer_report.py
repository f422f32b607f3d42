"""The tables that `transfer_learning.py` prints of its accuracies."""

from functools import partial

import keras
import numpy as np


def report(task_a, found, args):
    run = f"{args.dataset}, {len(task_a)} seeds"
    print(f"{run}, backend {keras.backend.backend()}: mean ± standard error")
    print(f"task A: accuracy {in_words(task_a)}; task B:\n")
    best = {
        n: max(found, key=lambda a: found[a][n].mean()) for n in args.labels
    }
    rows("accuracy", found, in_words, best)
    rows("gain", gains(found), partial(in_words, sign="+"))


def gains(found, over="from scratch"):
    """Returns by how much the other arms are better, seed by seed."""
    return {
        arm: {n: by_labels[n] - found[over][n] for n in by_labels}
        for arm, by_labels in found.items()
        if arm != over
    }


def rows(title, found, cell, best=None):
    """Prints a table in Markdown, the best arms `{labels: arm}` in bold."""
    labels = list(next(iter(found.values())))
    print(f"| {title}, labels a class |", *(f"{n} |" for n in labels))
    print("|---|" + "---|" * len(labels))
    for arm, by_labels in found.items():
        bold = ["**" if best and best[n] == arm else "" for n in labels]
        cells = (
            f"{mark}{cell(by_labels[n])}{mark} |"
            for mark, n in zip(bold, labels, strict=True)
        )
        print(f"| {arm} |", *cells)
    print()


def in_words(values, sign=""):
    error = np.std(values, ddof=1) / len(values) ** 0.5
    return f"{np.mean(values):{sign}.3f} ± {error:.3f}"
