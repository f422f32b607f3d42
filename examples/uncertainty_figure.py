"""The figure that `uncertainty.py` draws of its runs."""

import numpy as np
from matplotlib.figure import Figure

import keras_trainkit as ktk


def draw(runs, arms, rejected, path):
    figure = Figure(figsize=(15, 4), layout="constrained")
    panels = figure.subplots(1, 4)
    for axes, arm in zip(panels, arms[:2], strict=False):
        draw_reliability(axes, runs, arm)
    draw_areas(panels[2], runs, arms)
    draw_rejection(panels[3], runs, arms, rejected)
    figure.savefig(path, dpi=100)


def draw_reliability(axes, runs, arm):
    # All seeds together: a bin of one seed holds too few to say anything.
    y, p = map(
        np.concatenate, zip(*(r[arm]["both"] for r in runs), strict=True)
    )
    ktk.plots.reliability_diagram(y, p, ax=axes)
    axes.set_xlabel(f"confidence, {arm}")


def draw_areas(axes, runs, arms):
    # Of shape (runs, arms, 2).
    areas = np.array(
        [[run[arm]["AUROC"]["entropy"] for arm in arms] for run in runs]
    )
    for i, name in enumerate(("noisy", "unseen")):
        axes.errorbar(
            np.arange(len(arms)) + 0.2 * i - 0.1,
            areas[..., i].mean(axis=0),
            areas[..., i].std(axis=0),
            fmt="o",
            capsize=5,
            label=f"{name} images",
        )
    names = [arm.replace(" ", "\n") for arm in arms]
    axes.set_xticks(range(len(arms)), names)
    axes.set_ylabel("AUROC of the entropy")
    axes.set_title(f"mean and deviation of {len(runs)} seeds")
    axes.legend()


def draw_rejection(axes, runs, arms, rejected):
    for arm in arms:
        values = np.mean([run[arm]["rest"] for run in runs], axis=0)
        axes.plot(rejected, values, marker=".", label=arm)
    axes.set_xlabel("fraction rejected")
    axes.set_ylabel("accuracy on the rest")
    axes.set_title("clean and noisy images")
    axes.legend()
