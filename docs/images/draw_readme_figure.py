"""Draws the README's picture: learning rate and momentum of its snippet.

The README's first snippet is run as it stands there, with stand-ins for its
two downloads: random images of the same number, and a backbone without
pretrained weights. Learning rate and momentum depend on neither. What the
optimizer used at every step is drawn beside this file. Run as
`python docs/images/draw_readme_figure.py` (needs matplotlib). `main` takes
another folder.
"""

import contextlib
import io
import re
import sys
from pathlib import Path
from unittest import mock

import keras
import numpy as np
from matplotlib.figure import Figure

import keras_trainkit as ktk

NAME = "learning_rate_and_momentum.png"
README = Path(__file__).parents[2] / "README.md"
IMAGES = 500


def snippet():
    """Returns the first Python block of the README."""
    return re.search(r"```python\n(.*?)```", README.read_text("utf-8"), re.S)[1]


def images():
    """Stands in for CIFAR-10; at least as many as the snippet trains on."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (IMAGES, 32, 32, 3), "uint8")
    y = rng.integers(0, 10, (IMAGES, 1))
    return (x, y), (x, y)


def backbone(input_shape, include_top, pooling):
    """Stands in for MobileNetV2 without its head."""
    if include_top or pooling != "avg":
        raise ValueError("The stand-in has no head, and average pooling.")
    layers = [
        keras.Input(input_shape),
        keras.layers.AveragePooling2D(32, name="blocks"),
        keras.layers.Conv2D(4, 1, name="conv"),
        keras.layers.BatchNormalization(name="norm"),
        keras.layers.GlobalAveragePooling2D(),
    ]
    return keras.Sequential(layers, name="backbone")


def run():
    """Runs the snippet; returns the names that it defines."""
    keras.utils.set_random_seed(0)
    names = {}
    with (
        mock.patch.object(keras.datasets.cifar10, "load_data", images),
        mock.patch.object(keras.applications, "MobileNetV2", backbone),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        exec(snippet(), names)
    return names


def curves_and_stages(names):
    """Returns what to draw: the curves, and the first step of each stage."""
    curves = names["one_cycle"].trace()
    head_alone, everything = names["head_first"].stages
    steps = len(curves["step"]) // len(names["history"].epoch)
    return curves, {
        steps * head_alone: "the head alone",
        steps * everything: "all layers, at a tenth of the rate",
    }


def draw(curves, stages, folder):
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axes = ktk.plots.plot_schedule(
        curves["learning_rate"],
        curves["momentum"],
        log=True,
        ax=figure.subplots(),
    )
    axes.get_legend().set_loc("lower left")
    # Room at the top for the stages; the last steps fall far below.
    axes.set_ylim(1e-4, 1)
    for step, label in stages.items():
        axes.axvline(step, color="0.4", linestyle="--", linewidth=1)
        axes.annotate(
            label, (step, 0.6), xytext=(4, 0), textcoords="offset points"
        )
    momentum = figure.axes[1]
    momentum.set_ylim(0.84, 0.98)
    momentum.set_yticks([0.85, 0.9, 0.95])
    axes.set_xlabel("step (update of the weights)")
    path = Path(folder) / NAME
    figure.savefig(path, dpi=100)
    return path


def main(folder=Path(__file__).parent):
    return draw(*curves_and_stages(run()), folder)


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
