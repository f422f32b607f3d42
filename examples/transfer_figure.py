"""The figure that `transfer_learning.py` draws of its accuracies."""

import keras
import numpy as np
from matplotlib.figure import Figure


def draw(found, gains, dataset, path):
    """Draws accuracies and gains, `{arm: {labels: value of every seed}}`."""
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    arms = list(found)
    draw_arms(left, found, arms)
    left.set_ylabel("accuracy on task B")
    left.legend(loc="upper left", frameon=False)
    draw_arms(right, gains, arms)
    right.axhline(0, color="C0")
    right.set_ylabel("gain over the network from scratch")
    seeds = len(next(iter(found[arms[0]].values())))
    figure.suptitle(
        f"{dataset}: mean and standard error of {seeds} seeds, "
        f"backend {keras.backend.backend()}"
    )
    figure.savefig(path, dpi=100)


def draw_arms(axes, found, arms):
    for arm, by_labels in found.items():
        place = arms.index(arm)
        labels = np.array(list(by_labels))
        values = np.array(list(by_labels.values()))
        error = values.std(axis=1, ddof=1) / values.shape[1] ** 0.5
        axes.errorbar(
            # Side by side, so that no bar hides another.
            labels * 1.07 ** (place - len(arms) // 2),
            values.mean(axis=1),
            error,
            color=f"C{place}",
            label=arm,
            marker="o",
            capsize=3,
        )
    axes.set_xscale("log")
    axes.set_xticks(labels, [str(n) for n in labels])
    axes.minorticks_off()
    axes.set_xlabel("labels a class")
