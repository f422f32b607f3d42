"""The figure that `deep_mlp.py` draws of its runs."""

import keras
import numpy as np
from matplotlib.figure import Figure


def draw(runs, title, path):
    """Draws accuracy against epochs: each seed, and their mean.

    Args:
        runs: List of dictionaries, row of the table to what was found.
        title: What stands above it.
        path: Where it is written.
    """
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    trained = [row for row in runs[0] if "epochs" in runs[0][row]]
    for i, arm in enumerate(trained):
        epochs = [run[arm]["best epoch"] for run in runs]
        draw_row(axes, epochs, [r[arm]["accuracy"] for r in runs], i, arm)
        for row in runs[0]:
            if row not in trained and arm == longest_start(row, trained):
                hits = [run[row]["accuracy"] for run in runs]
                draw_row(axes, epochs, hits, i, row, marker="x")
    axes.set_xlabel("epochs until the best validation loss, or of the cycle")
    axes.set_ylabel("accuracy on test images")
    axes.set_title(
        f"{title}: {len(runs)} seeds, backend {keras.backend.backend()}"
    )
    axes.legend(fontsize="small")
    figure.savefig(path, dpi=100)


def longest_start(row, others):
    """Returns the longest of some names that a row's name begins with."""
    return max((o for o in others if row.startswith(o)), key=len)


def draw_row(axes, epochs, hits, place, label, marker="o"):
    colour = f"C{place}"
    axes.plot(epochs, hits, marker, color=colour, alpha=0.4, markersize=5)
    axes.plot(
        np.mean(epochs),
        np.mean(hits),
        marker,
        color=colour,
        markersize=11,
        markeredgewidth=2,
        label=label,
    )
