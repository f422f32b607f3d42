"""The figure that `few_labels.py` draws of its accuracies."""

import keras
from matplotlib.figure import Figure
from transfer_figure import draw_arms


def draw(found, gains, path):
    """Draws accuracies and gains, `{arm: {labels: value of every seed}}`."""
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    arms = list(found)
    draw_arms(left, found, arms)
    left.set_ylabel("accuracy")
    left.legend(loc="lower right", frameon=False)
    draw_arms(right, gains, arms)
    right.axhline(0, color="C0")
    right.set_ylabel("gain over the supervised network")
    seeds = len(next(iter(found[arms[0]].values())))
    figure.suptitle(
        f"digits: mean and standard error of {seeds} seeds, "
        f"backend {keras.backend.backend()}"
    )
    figure.savefig(path, dpi=72)
