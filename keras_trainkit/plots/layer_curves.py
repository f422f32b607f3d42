"""A number of every layer over the epochs."""

import numpy as np

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_numbers
from keras_trainkit.kernels.argument_checks import require_string
from keras_trainkit.plots.axes import axes_or_new

_MOST_IN_LEGEND = 12


def plot_layer_curves(
    layers, total=None, name="gradient_norm", ax=None, scale="log"
):
    """Draws one curve a layer.

    Layers are coloured from the first (dark) to the last (light), so that a
    norm that shrinks or grows with the depth is seen as an order of colours.

    Args:
        layers: Dictionary `{path: values}` with one value an epoch; NaN where
            there is none.
        total: Sequence of values of all layers together, drawn in black.
            Defaults to `None`.
        name: String, what the numbers are. Defaults to `"gradient_norm"`.
        ax: The matplotlib `Axes` to draw into. Defaults to those of a new
            figure.
        scale: `"log"`, or `"linear"` for shares and for what may be negative.
            Defaults to `"log"`.

    Returns:
        The `Axes`; epochs count from 1 there, as in `fit`'s progress bar.

    Raises:
        ImportError: If matplotlib is not installed.

    Example:

    >>> ax = ktk.plots.plot_layer_curves(
    ...     {"hidden": [0.1, 0.01], "head": [1.0, 0.9]}, total=[1.1, 0.91]
    ... )
    >>> ax.get_yscale(), len(ax.get_lines())
    ('log', 3)
    """
    if not isinstance(layers, dict):
        raise bad_type("layers", layers, "a dictionary {path: values}")
    for path, values in layers.items():
        require_numbers(f"layers[{path!r}]", values)
    if total is not None:
        require_numbers("total", total)
    require_string("name", name)
    require_choice("scale", scale, ("log", "linear"))
    ax = axes_or_new(ax)
    from matplotlib import colormaps

    shades = colormaps["viridis"](np.linspace(0, 0.9, max(len(layers), 1)))
    for (path, values), shade in zip(layers.items(), shades, strict=False):
        _draw(ax, values, color=shade, label=path)
    if total is not None:
        _draw(ax, total, color="black", linewidth=2, label="all")
    options = {"nonpositive": "mask"} if scale == "log" else {}
    ax.set_yscale(scale, **options)
    ax.set_xlabel("epoch")
    ax.set_ylabel(name)
    if 0 < len(ax.get_lines()) <= _MOST_IN_LEGEND:
        ax.legend()
    return ax


def _draw(ax, values, **style):
    ax.plot(np.arange(1, len(values) + 1), values, marker=".", **style)
