"""A training with what its doctor has found."""

import numpy as np

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_sequence
from keras_trainkit.plots.axes import axes_in
from keras_trainkit.plots.axes import new_axes
from keras_trainkit.plots.learning_curves import learning_curves

_PANELS = {
    "gradient_norm": "norm of gradients",
    "dead_share": "share of dead units",
    "update_ratio": "change of kernels an epoch",
}
_SIZE = (9.6, 7.2)
_LOGARITHMIC = ("gradient_norm", "update_ratio")
# More lines than colours cannot be told apart.
_LEGEND = 10


def plot_training(curves, marks, layers, axes=None):
    """Draws the loss with the findings marked, and statistics of the layers.

    What `TrainingDoctor.plot` draws; a report holds all it takes.

    Args:
        curves: Dictionary `{name: values}`, one for each epoch.
        marks: List of `(epoch, code)`; epochs count from 0.
        layers: List of dictionaries, one a layer, with `"path"`,
            `"probe_epochs"`, and lists of numbers as long as these under
            `"gradient_norm"`, `"dead_share"` and `"update_ratio"`.
        axes: Four matplotlib `Axes`. Defaults to `None`: those of a new
            figure.

    Returns:
        List of the four `Axes`: loss, gradients, dead units, updates.

    Raises:
        ValueError: If there is no loss, or `axes` are not four.
        ImportError: If matplotlib is not installed.

    Example:

    >>> layer = {"path": "dense", "probe_epochs": [0, 1, 2]}
    >>> layer["gradient_norm"] = [0.5, 0.2, 0.1]
    >>> axes = ktk.plots.plot_training(
    ...     {"loss": [1.0, 0.9]}, [(1, "D103")], [layer]
    ... )
    >>> [ax.get_ylabel() for ax in axes][:2]
    ['loss', 'norm of gradients']
    """
    if not isinstance(curves, dict):
        raise bad_type("curves", curves, "a dictionary {name: values}")
    require_sequence("layers", layers, "a list of dictionaries")
    for layer in layers:
        if not isinstance(layer, dict):
            raise bad_type("layers", layers, "a list of dictionaries")
    if not curves.get("loss"):
        raise bad_value("curves", sorted(curves), 'with a "loss" of an epoch')
    axes = new_axes(4, 2, _SIZE) if axes is None else axes_in(axes)
    if len(axes) != 1 + len(_PANELS):
        raise bad_value("axes", f"{len(axes)} Axes", "four Axes")
    learning_curves(curves, ["loss"], marks=marks, axes=axes[:1])
    for ax, (name, label) in zip(axes[1:], _PANELS.items(), strict=True):
        _of_layers(ax, name, layers)
        ax.set_xlabel("epoch")
        ax.set_ylabel(label)
    return axes


def _of_layers(ax, name, layers):
    drawn = [layer for layer in layers if name in layer]
    for layer in drawn:
        values = np.asarray(layer[name], "float64")
        if name in _LOGARITHMIC:
            # A logarithm of 0 has no place.
            values = np.where(values > 0, values, np.nan)
        measured = np.isfinite(values)
        places = np.asarray(layer["probe_epochs"])[measured]
        ax.plot(places, values[measured], marker=".", label=layer["path"])
    if name in _LOGARITHMIC and ax.lines:
        ax.set_yscale("log")
    if 0 < len(drawn) <= _LEGEND:
        ax.legend(fontsize="small")
    if not drawn:
        ax.annotate(
            "not measured",
            (0.5, 0.5),
            xycoords="axes fraction",
            ha="center",
            color="0.5",
        )
