"""Draws the README's picture: learning rate and momentum of a fine-tuning.

A small network is fine-tuned in one `fit` with FineTuning and OneCycle, and
what the optimizer used at every step is drawn beside this file. Run as
`python docs/images/draw_readme_figure.py` (needs matplotlib). `main` takes
another folder.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from matplotlib.figure import Figure

import keras_trainkit as ktk

NAME = "learning_rate_and_momentum.png"
EPOCHS, STEPS, STAGE = 20, 10, 5


def run():
    """Returns the curves of 20 epochs of 10 steps, the stage in epoch 5."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8,)),
            keras.layers.Dense(8, activation="relu", name="backbone"),
            keras.layers.Dense(1, name="head"),
        ]
    )
    model.compile(keras.optimizers.SGD(momentum=0.9, nesterov=True), "mse")
    one_cycle = ktk.callbacks.OneCycle(max_lr=0.1)
    x = np.random.default_rng(0).normal(size=(8 * STEPS, 8))
    model.fit(
        x,
        x[:, :1],
        batch_size=8,
        epochs=EPOCHS,
        verbose=0,
        callbacks=[
            ktk.callbacks.FineTuning({0: "head", STAGE: "all"}),
            one_cycle,
        ],
    )
    return one_cycle.trace()


def main(folder=Path(__file__).parent):
    curves = run()
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axes = ktk.plots.plot_schedule(
        curves["learning_rate"],
        curves["momentum"],
        stages={0: "head alone", STAGE * STEPS: "all layers"},
        log=True,
        ax=figure.subplots(),
    )
    axes.set_title("one fit: FineTuning({0: 'head', 5: 'all'}) and OneCycle")
    axes.get_legend().set_loc("lower left")
    # Room at the top for the stages; the last steps fall far below.
    axes.set_ylim(1e-4, 1)
    figure.axes[1].set_ylim(0.84, 0.99)
    figure.axes[1].set_yticks([0.85, 0.9, 0.95])
    path = Path(folder) / NAME
    figure.savefig(path, dpi=100)
    return path


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
