"""The figure that `transfer_learning.py` draws of its accuracies."""

import keras
import numpy as np
from matplotlib.figure import Figure


def draw(found, dataset, path):
    """Draws `{arm: {labels: accuracy of every seed}}` with standard errors."""
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for place, (arm, by_labels) in enumerate(found.items()):
        labels = np.array(list(by_labels))
        values = np.array(list(by_labels.values()))
        error = values.std(axis=1, ddof=1) / values.shape[1] ** 0.5
        # Side by side, so that no bar hides another.
        beside = labels * 1.06 ** (place - (len(found) - 1) / 2)
        axes.errorbar(
            beside, values.mean(axis=1), error, label=arm, marker="o", capsize=3
        )
    axes.set_xscale("log")
    axes.set_xticks(labels, [str(n) for n in labels])
    axes.minorticks_off()
    axes.set_xlabel("labels a class")
    axes.set_ylabel("accuracy on task B")
    axes.set_title(
        f"{dataset}: mean and standard error of {values.shape[1]} seeds, "
        f"backend {keras.backend.backend()}"
    )
    axes.legend(loc="upper left", frameon=False)
    figure.savefig(path, dpi=100)
