"""A metric over the epochs of several stages."""

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_numbers
from keras_trainkit.kernels.argument_checks import require_string
from keras_trainkit.plots.axes import axes_or_new


def plot_staged_history(history, stages, metric="loss", ax=None):
    """Draws a metric over the epochs and marks where stages begin.

    Args:
        history: Dictionary `{name: values}`, one value for each epoch. A
            validation that ran every n-th epoch has fewer, evenly spaced.
        stages: Dictionary `{first epoch: name}`; epochs count from 0.
        metric: Name of a metric. `"val_" + metric` is drawn with it where it
            is there. Defaults to `"loss"`.
        ax: The matplotlib `Axes` to draw into. Defaults to those of a new
            figure.

    Returns:
        The `Axes`; epochs count from 1 there, as in `fit`'s progress bar.

    Raises:
        ValueError: If `history` has no such metric.
        ImportError: If matplotlib is not installed.

    Example:

    >>> ax = ktk.plots.plot_staged_history(
    ...     {"loss": [1.0, 0.8, 0.5, 0.4]}, {0: "head", 2: "all"}
    ... )
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('epoch', 'loss')
    """
    for argument, given in {"history": history, "stages": stages}.items():
        if not isinstance(given, dict):
            raise bad_type(argument, given, "a dictionary")
    require_numbers("stages", list(stages), "a dictionary {first epoch: name}")
    require_string("metric", metric)
    if metric not in history:
        raise bad_value("metric", metric, f"one of {sorted(history)}")
    ax = axes_or_new(ax)
    epochs = len(history[metric])
    names = {metric: "training", f"val_{metric}": "validation"}
    for name, label in names.items():
        values = history.get(name, [])
        if values:
            every = epochs // len(values)
            places = [every * (i + 1) for i in range(len(values))]
            ax.plot(places, values, marker=".", label=label)
    for epoch, name in stages.items():
        ax.axvline(epoch + 0.5, color="0.75", linestyle="--", zorder=0)
        ax.annotate(
            name,
            (epoch + 0.5, 1),
            xycoords=("data", "axes fraction"),
            xytext=(4, -12),
            textcoords="offset points",
            color="0.4",
        )
    ax.set_xlabel("epoch")
    ax.set_ylabel(metric)
    ax.legend()
    return ax
