"""The figure that `one_cycle.py` draws of its runs."""

import keras
import numpy as np
from matplotlib.figure import Figure

TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
# Five curves for each budget would hide each other.
DURING = ("constant", "1cycle", "1cycle, momentum fixed")


def draw(found, task, path):
    """Draws the error epoch by epoch, and at the end of each run."""
    figure = Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    draw_runs(left, found)
    draw_ends(right, found)
    left.set_ylabel("validation error, mean of the seeds")
    left.set_yscale("log")
    left.set_yticks(TICKS, [f"{100 * tick:g} %" for tick in TICKS])
    left.minorticks_off()
    seeds = len(next(iter(found["constant"].values())))
    figure.suptitle(f"{task}: {seeds} seeds, backend {keras.backend.backend()}")
    figure.savefig(path, dpi=100)


def draw_runs(axes, found):
    """The constant rate once, at its longest, and each budget of the others."""
    for i, (method, budgets) in enumerate(found.items()):
        if method not in DURING:
            continue
        longest = max(budgets)
        drawn = [longest] if method == "constant" else budgets
        for epochs in drawn:
            axes.plot(
                np.arange(epochs) + 1,
                1 - budgets[epochs].mean(axis=0),
                color=f"C{i}",
                marker=".",
                label=method if epochs == longest else None,
            )
    axes.set_xlabel("epoch")
    axes.set_title("during the runs")
    axes.legend()


def draw_ends(axes, found):
    """Every method at every budget, beside each other, and every seed."""
    budgets = list(found["constant"])
    for i, (method, by_budget) in enumerate(found.items()):
        for epochs, accuracies in by_budget.items():
            errors = 1 - accuracies[:, -1]
            place = budgets.index(epochs) + 0.12 * (i - 2)
            axes.plot(
                np.full(len(errors), place),
                errors,
                ".",
                color=f"C{i}",
                alpha=0.5,
            )
            axes.plot(
                place,
                errors.mean(),
                "_",
                color=f"C{i}",
                markersize=14,
                markeredgewidth=3,
                label=method if epochs == min(by_budget) else None,
            )
    axes.set_xlim(-0.5, len(budgets) - 0.5)
    axes.set_xticks(range(len(budgets)), [f"{e} epochs" for e in budgets])
    axes.set_title("at the end: mean, and each seed")
    axes.legend()
