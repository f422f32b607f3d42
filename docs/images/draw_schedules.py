"""Draws the picture of docs/schedules.md: every schedule over 100 steps.

Run as `python docs/images/draw_schedules.py` (needs matplotlib); the picture
lies beside this file. `main` takes another folder.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from matplotlib.figure import Figure

import keras_trainkit as ktk

NAME = "schedules.png"
STEPS, PEAK = 100, 0.1
decays = keras.optimizers.schedules

SCHEDULES = {
    "power": decays.InverseTimeDecay(PEAK, 20, 1.0),
    "exponential": decays.ExponentialDecay(PEAK, 40, 0.1),
    "piecewise constant": decays.PiecewiseConstantDecay(
        [30, 70], [PEAK, PEAK / 2, PEAK / 10]
    ),
    "cosine": decays.CosineDecay(PEAK, STEPS),
    "warm restarts": decays.CosineDecayRestarts(PEAK, 15),
    "warm-up": ktk.schedules.Warmup(decays.CosineDecay(PEAK, 75), 25),
    "1cycle": ktk.schedules.OneCycle(PEAK, STEPS),
}


def performance():
    """ReduceLROnPlateau, told of a loss that falls for a while, twice."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(PEAK), "mse")
    callback = keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=12)
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch in range(STEPS):
        rates.append(float(model.optimizer.learning_rate))
        loss = max(1 - epoch / 25, 0.2 - max(epoch - 50, 0) / 100, 0.05)
        callback.on_epoch_end(epoch, {"val_loss": loss})
    return np.array(rates)


def curves():
    """Returns `{name: learning rates}`, in the order of the picture."""
    found = {
        name: np.array([float(schedule(step)) for step in range(STEPS)])
        for name, schedule in SCHEDULES.items()
    }
    names = list(found)
    names.insert(3, "performance")
    found["performance"] = performance()
    return {name: found[name] for name in names}


def main(folder=Path(__file__).parent):
    figure = Figure(figsize=(9, 4), layout="constrained")
    panels = figure.subplots(2, 4, sharex=True, sharey=True)
    drawn = zip(panels.flat, curves().items(), strict=True)
    for panel, (name, rates) in drawn:
        panel.plot(rates, drawstyle="steps-post")
        panel.set_title(name, fontsize=10)
        panel.set_ylim(0, 1.1 * PEAK)
        panel.grid(alpha=0.3)
    for panel in panels[-1]:
        panel.set_xlabel("step")
    for panel in panels[:, 0]:
        panel.set_ylabel("learning rate")
    # "performance" acts between epochs.
    panels.flat[3].set_title("performance (step: epoch)", fontsize=10)
    path = Path(folder) / NAME
    figure.savefig(path, dpi=100)
    return path


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
