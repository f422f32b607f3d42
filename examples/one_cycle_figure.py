"""The figure that `one_cycle.py` draws of its runs."""

import keras
from matplotlib.figure import Figure

DRAWN = ("constant", "cosine with warm-up", "1cycle", "1cycle, momentum fixed")


def draw(found, task, path):
    """Draws the runs epoch by epoch, and the accuracies at their ends."""
    figure = Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_runs(left, found)
    draw_ends(right, found)
    seeds = len(next(iter(found["constant"].values())))
    figure.suptitle(
        f"{task}: mean of {seeds} seeds, backend {keras.backend.backend()}"
    )
    figure.savefig(path, dpi=100)


def draw_runs(axes, found):
    """The constant rate once, at its longest, and each budget of the others."""
    for i, method in enumerate(found):
        if method not in DRAWN:
            continue
        budgets = found[method]
        if method == "constant":
            budgets = {max(budgets): budgets[max(budgets)]}
        for epochs, accuracies in budgets.items():
            axes.plot(
                range(1, epochs + 1),
                accuracies.mean(axis=0),
                color=f"C{i}",
                marker=".",
                label=method if epochs == max(budgets) else None,
            )
    label_epochs(axes, found)
    axes.set_title("during each run")
    axes.legend(loc="lower right")


def draw_ends(axes, found):
    for i, (method, budgets) in enumerate(found.items()):
        ends = [accuracies[:, -1] for accuracies in budgets.values()]
        # Beside each other, on an axis that multiplies.
        places = [epochs * 1.04 ** (i - 2) for epochs in budgets]
        axes.errorbar(
            places,
            [values.mean() for values in ends],
            [values.std() for values in ends],
            color=f"C{i}",
            fmt="o",
            capsize=3,
            label=method,
        )
    label_epochs(axes, found)
    axes.set_title("at the end: mean and deviation")
    axes.legend(loc="lower right")


def label_epochs(axes, found):
    budgets = list(found["constant"])
    axes.set_xscale("log")
    axes.set_xticks(budgets, [str(epochs) for epochs in budgets])
    axes.minorticks_off()
    axes.set_xlabel("epochs")
    axes.set_ylabel("validation accuracy")
