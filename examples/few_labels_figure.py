"""The figure that `few_labels.py` draws of its accuracies."""

import keras
from few_labels_settings import PARTS
from matplotlib.figure import Figure
from transfer_figure import draw_arms


def draw(found, path):
    """Draws accuracies `{part: {arm: {labels: value of every seed}}}`."""
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    panels = figure.subplots(1, len(found), sharey=True)
    for axes, (part, by_arm) in zip(panels, found.items(), strict=True):
        draw_arms(axes, by_arm, list(by_arm))
        axes.set_title(PARTS[part])
        axes.grid(axis="y", alpha=0.3)
    panels[0].set_ylabel("accuracy")
    panels[0].legend(loc="lower right", frameon=False)
    seeds = len(next(iter(next(iter(by_arm.values())).values())))
    figure.suptitle(
        f"digits: mean and standard error of {seeds} seeds, "
        f"backend {keras.backend.backend()}"
    )
    figure.savefig(path, dpi=72)
