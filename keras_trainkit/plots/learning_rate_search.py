"""The losses of a learning-rate search."""

import numpy as np

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_numbers
from keras_trainkit.plots.axes import axes_or_new


def plot_learning_rate_search(
    learning_rates, losses, smoothed_losses, suggestions=None, ax=None
):
    """Draws the losses over the logarithm of the learning rate.

    The losses of a divergence are left out: they would flatten the rest.

    Args:
        learning_rates: Sequence of floats above 0 of shape `(steps,)`.
        losses: Sequence of floats of shape `(steps,)`.
        smoothed_losses: Sequence of floats of shape `(steps,)`; NaN at and
            after the divergence.
        suggestions: Dict `{label: learning rate}` to mark by vertical lines,
            or `None`. Defaults to `None`.
        ax: The matplotlib `Axes` to draw into. Defaults to those of a new
            figure.

    Returns:
        The `Axes`.

    Raises:
        ValueError: If the sequences are not one-dimensional, or not of one
            length.
        ImportError: If matplotlib is not installed.

    Example:

    >>> ax = ktk.plots.plot_learning_rate_search(
    ...     [1e-3, 1e-2, 1e-1], [1.0, 0.8, 0.9], [0.95, 0.9, 0.9]
    ... )
    >>> ax.get_xscale()
    'log'
    """
    curves = {
        "learning_rates": learning_rates,
        "losses": losses,
        "smoothed_losses": smoothed_losses,
    }
    curves = {k: require_numbers(k, v) for k, v in curves.items()}
    if not isinstance(suggestions, (dict, type(None))):
        raise bad_type("suggestions", suggestions, "a dictionary or None")
    require_numbers("suggestions", list((suggestions or {}).values()))
    shapes = {name: curve.shape for name, curve in curves.items()}
    if len(set(shapes.values())) > 1 or curves["losses"].ndim != 1:
        raise bad_value(
            "learning_rates`, `losses`, `smoothed_losses",
            list(shapes.values()),
            "three one-dimensional sequences of one length",
        )
    rates, losses, smoothed = curves.values()
    ax = axes_or_new(ax)
    drawn = np.isfinite(smoothed)
    ax.plot(rates[drawn], losses[drawn], color="0.75", label="each batch")
    ax.plot(rates[drawn], smoothed[drawn], color="C0", label="smoothed")
    for i, (label, rate) in enumerate((suggestions or {}).items()):
        name = f"{label}: {rate:.2g}"
        ax.axvline(rate, color=f"C{i + 1}", linestyle="--", label=name)
    ax.set_xscale("log")
    ax.set_xlabel("learning rate")
    ax.set_ylabel("loss")
    ax.legend()
    return ax
