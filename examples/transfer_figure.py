"""The figure that `transfer_learning.py` draws of its runs."""

import numpy as np
from matplotlib.figure import Figure

import keras_trainkit as ktk


def draw(runs, arms, path):
    figure = Figure(figsize=(13, 4), layout="constrained")
    left, middle, right = figure.subfigures(1, 3, width_ratios=(4, 5, 4))
    draw_accuracies(left.subplots(), runs, arms)
    curves = runs[0]["curves"]
    axes = ktk.plots.plot_schedule(
        curves["learning_rate"],
        curves["momentum"],
        stages={0: "new head alone", curves["stage"]: "all layers"},
        log=True,
        ax=middle.subplots(),
    )
    axes.set_title("one fine-tuning run")
    axes.get_legend().set_loc("lower left")
    # Room at the top for the stages' labels; the last steps fall far below.
    peak = curves["learning_rate"].max()
    axes.set_ylim(peak / 1000, peak * 20)
    # The momentum's axis came last.
    middle.axes[-1].set_ylim(0.84, 0.99)
    draw_uncertain(right, *runs[0]["images"], runs[0]["pair"])
    figure.savefig(path, dpi=100)


def draw_accuracies(axes, runs, arms):
    values = np.array([[run[arm] for arm in arms] for run in runs])
    places = np.arange(len(arms))
    axes.plot(places, values.T, color="0.8", linewidth=1, marker=".")
    axes.errorbar(
        places, values.mean(axis=0), values.std(axis=0), fmt="o", capsize=5
    )
    axes.set_xticks(places, [arm.replace(" ", "\n") for arm in arms])
    axes.set_xlim(-0.5, len(arms) - 0.5)
    axes.set_ylabel("accuracy on task B")
    axes.set_title(f"mean and deviation of {len(runs)} seeds")


def draw_uncertain(figure, x, y, mean, spread, pair):
    figure.suptitle("most uncertain: label, prediction, spread")
    worst = np.argsort(-spread)[:9]
    for axes, i in zip(figure.subplots(3, 3).flat, worst, strict=True):
        axes.imshow(x[i, ..., 0], cmap="gray_r")
        axes.set_axis_off()
        true, said = pair[int(y[i])], pair[int(mean[i] > 0.5)]
        color = "black" if said == true else "C3"
        text = f"{true}: {said} ± {spread[i]:.2f}"
        axes.set_title(text, fontsize=9, color=color)
