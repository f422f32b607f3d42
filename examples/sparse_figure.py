"""The figure that `sparse.py` draws of what it measured."""

import keras
from matplotlib.figure import Figure

COLOURS = {
    "dense": "black",
    "l1": "tab:blue",
    "after training": "tab:orange",
    "gradual": "tab:green",
    "filters": "tab:red",
}
LABELS = {"filters": "filters, then shrink"}
STYLES = {"float32": ("o", "-"), "int8": ("s", ":")}


def draw(found, dataset, path):
    """Draws accuracy against compressed size, and against time.

    Args:
        found: `{(way, share, dtype): array (seeds, measures)}`.
        dataset: Its name.
        path: Where the picture goes.
    """
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, column, scale in ((left, 2, 1e3), (right, 3, 1.0)):
        for way in COLOURS:
            for kind in STYLES:
                _line(axes, found, way, kind, column, scale)
    left.set_xscale("log")
    left.set_xlabel("weights file, gzipped, kB")
    left.set_ylabel("accuracy, mean of the seeds")
    right.set_xlabel("time of predict_on_batch over the dense network's")
    right.set_xlim(left=0)
    right.legend(fontsize=8)
    seeds = len(next(iter(found.values())))
    backend = keras.backend.backend()
    figure.suptitle(f"{dataset}: {seeds} seeds, backend {backend}")
    figure.savefig(path, dpi=100)


def _line(axes, found, way, kind, column, scale):
    rows = [
        values.mean(axis=0)
        for (one, _, dtype), values in found.items()
        if (one, dtype) == (way, kind)
    ]
    marker, line = STYLES[kind]
    axes.plot(
        [row[column] / scale for row in rows],
        [row[0] for row in rows],
        marker=marker,
        linestyle=line,
        color=COLOURS[way],
        label=f"{LABELS.get(way, way)}, {kind}",
    )
