"""The per-step learning rate and momentum of a run."""

import numpy as np

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_numbers
from keras_trainkit.plots.axes import axes_or_new


def plot_schedule(
    learning_rate, momentum=None, stages=None, log=False, ax=None
):
    """Draws the learning rate, and momentum beside it, over the steps.

    Args:
        learning_rate: Sequence of floats of shape `(steps,)`, the learning
            rate of every step.
        momentum: Sequence of floats of shape `(steps,)` for a second y-axis,
            or `None`. Defaults to `None`.
        stages: Dict `{step: label}` of steps to mark by a dashed vertical
            line, or `None`. Defaults to `None`.
        log: Whether the learning rate's axis is logarithmic. Defaults to
            `False`.
        ax: The matplotlib `Axes` to draw into. Defaults to those of a new
            figure.

    Returns:
        The `Axes` that show the learning rate.

    Raises:
        ValueError: If the curves are not one-dimensional, or not of one
            length.
        ImportError: If matplotlib is not installed.

    Example:

    >>> ax = ktk.plots.plot_schedule([0.1, 0.2, 0.1], [0.95, 0.85, 0.95])
    >>> ax.get_ylabel()
    'learning rate'
    """
    curve = _curve("learning_rate", learning_rate)
    if momentum is not None:
        momentum = _curve("momentum", momentum, len(curve))
    if not isinstance(stages, (dict, type(None))):
        raise bad_type("stages", stages, "a dictionary {step: label} or None")
    require_numbers("stages", list(stages or ()), "a dictionary {step: label}")
    log = bool(log) if isinstance(log, np.bool_) else log
    require_choice("log", log, (True, False))
    ax = axes_or_new(ax)
    steps = np.arange(len(curve))
    lines = ax.plot(steps, curve, label="learning rate")
    ax.set_xlabel("step")
    ax.set_ylabel("learning rate")
    ax.set_yscale("log" if log else "linear")
    if momentum is not None:
        twin = ax.twinx()
        lines += twin.plot(steps, momentum, color="C1", label="momentum")
        twin.set_ylabel("momentum")
        ax.legend(handles=lines)
    for step, label in (stages or {}).items():
        _mark(ax, step, label)
    return ax


def _mark(ax, step, label):
    ax.axvline(step, color="0.4", linestyle="--", linewidth=1)
    ax.annotate(
        label,
        (step, 1.0),
        # Labels stay at the top whatever the scale of the y-axis.
        xycoords=ax.get_xaxis_transform(),
        xytext=(3, -3),
        textcoords="offset points",
        rotation=90,
        va="top",
    )


def _curve(name, values, steps=None):
    values = require_numbers(name, values)
    if values.ndim != 1:
        raise bad_value(
            name,
            f"array of shape {values.shape}",
            "a one-dimensional sequence, one value per step",
        )
    if steps is not None and len(values) != steps:
        raise bad_value(
            name,
            f"{len(values)} values",
            f"as long as `learning_rate` ({steps} values)",
        )
    return values
