"""Training and validation over the epochs, in one picture."""

import numpy as np

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_numbers
from keras_trainkit.plots.axes import axes_in
from keras_trainkit.plots.axes import new_axes

_PAIRS = "a list of pairs (epoch, text)"

# Names in the logs that belong to one panel, and how they are drawn.
_KINDS = {
    "": {"label": "training", "color": "C0"},
    "clean_": {"label": "training, as evaluated", "color": "C2"},
    "val_": {"label": "validation", "color": "C1"},
}
_NOT_DRAWN = ("learning_rate", "lr")
_PANEL = (4.8, 3.6)
# Marks that are nearer, as a share of the epochs, have one text.
_APART = 0.04


def learning_curves(
    history,
    metrics=None,
    stages=None,
    marks=(),
    axes=None,
    validation_freq=None,
):
    """Draws every metric of a `fit` over its epochs, one panel for each.

    Training and validation share a panel, with `EvaluateTraining`'s values
    where they are in the history. A dotted line and a dot mark the best epoch,
    the one with the lowest validation loss, or the lowest loss without
    validation; dashed lines mark where stages begin.

    Args:
        history: What `fit` or `transfer.fine_tune` has returned, or a
            dictionary `{name: values}`. NaN is a value that was not measured;
            a validation that ran every n-th epoch has fewer values.
        metrics: List of names without `"val_"`. Defaults to `None`: all but
            the learning rate, the loss first.
        stages: Dictionary `{first epoch: name}`; epochs count from 0.
            Defaults to `None`: the stages of `fine_tune`, if any.
        marks: List of `(epoch, text)`: epochs to mark in the first panel, such
            as `report.marks`. Defaults to none.
        axes: One matplotlib `Axes` for each panel. Defaults to `None`: those
            of a new figure.
        validation_freq: That of `fit`, an integer: how many epochs from one
            validation to the next. Defaults to `None`: the one that there is
            for so many values.

    Returns:
        List of the `Axes`; epochs count from 1 there, the first of the
        history.

    Raises:
        ValueError: If the history is empty, or has no such metric, or `axes`
            are not one for each; if so many validations in so many epochs can
            be of several `validation_freq`, or none.
        TypeError: If `history` is neither, or `metrics` no list.
        ImportError: If matplotlib is not installed.

    Example:

    >>> axes = ktk.plots.learning_curves(
    ...     {"loss": [1.0, 0.6, 0.4], "val_loss": [1.0, 0.7, 0.8]}
    ... )
    >>> [text.get_text() for text in axes[0].get_legend().get_texts()]
    ['training', 'validation', 'best: epoch 2']
    """
    curves = _whole(_curves(history), _first_epoch(history), validation_freq)
    if metrics is not None:
        metrics = _listed("metrics", metrics, "a list of names, or None")
    marks = _listed("marks", marks, _PAIRS)
    _require_marks(stages, marks)
    names = _names(curves) if metrics is None else metrics
    for name in names:
        if name not in curves and f"val_{name}" not in curves:
            raise bad_value("metrics", name, f"one of {_names(curves)}")
    if stages is None:
        staged = getattr(history, "stages", ())
        stages = {one.first_epoch: one.name for one in staged}
    axes = _axes(len(names), axes)
    best = _best_epoch(curves)
    for name, ax in zip(names, axes, strict=True):
        _panel(ax, name, curves)
        _mark_best(ax, best)
        for epoch, stage in stages.items():
            _mark(ax, epoch + 0.5, stage, "--")
        ax.legend()
    epochs = max(len(values) for values in curves.values())
    for epoch, text in _joined(marks, epochs).items():
        _mark(axes[0], epoch + 1, text, "-", "C3")
    return axes


def _require_marks(stages, marks):
    if not isinstance(stages, (dict, type(None))):
        raise bad_type("stages", stages, "a dictionary {epoch: name}, or None")
    require_numbers("stages", list(stages or ()), "a dictionary {epoch: name}")
    for mark in marks:
        if not isinstance(mark, (list, tuple)) or len(mark) != 2:
            raise bad_type("marks", marks, _PAIRS)


def _listed(name, given, expected):
    no_list = isinstance(given, (str, bytes, type))
    if no_list or not hasattr(given, "__iter__"):
        raise bad_type(name, given, expected)
    return list(given)


def _curves(history):
    curves = getattr(history, "history", history)
    if not isinstance(curves, dict):
        raise bad_type("history", history, "what `fit` returns, or its dict")
    curves = {
        name: require_numbers(f"history[{name!r}]", values)
        for name, values in curves.items()
        if np.size(values)
    }
    for name, values in curves.items():
        if values.ndim != 1:
            raise bad_value(
                f"history[{name!r}]", values.shape, "one number an epoch"
            )
    if not curves:
        raise bad_value("history", history, "of at least one epoch")
    return curves


def _first_epoch(history):
    epochs = getattr(history, "epoch", None)
    return epochs[0] if epochs else 0


def _whole(curves, first, every):
    """Returns the curves with a NaN for each epoch without a value.

    Keras validates in the epochs whose number, from 1 on and over all calls of
    `fit`, is a multiple (keras/src/trainers/trainer.py).
    """
    epochs = max(len(values) for values in curves.values())
    numbers = first + 1 + np.arange(epochs)
    if every is not None:
        require_integer("validation_freq", every, 1)
    return {
        name: values
        if len(values) == epochs
        else _spread(name, values, numbers, every)
        for name, values in curves.items()
    }


def _spread(name, values, numbers, every):
    some = range(1, int(numbers[-1]) + 1) if every is None else [every]
    fitting = [n for n in some if np.sum(numbers % n == 0) == len(values)]
    if len(fitting) != 1:
        raise bad_value(
            "validation_freq",
            every,
            f"that of `fit`: {len(values)} values of {name} in {len(numbers)} "
            f"epochs may be of {fitting or 'none'}",
            "Give NaN for the epochs without a value, or leave the curve out.",
        )
    whole = np.full(len(numbers), np.nan)
    whole[numbers % fitting[0] == 0] = values
    return whole


def _names(curves):
    bases = {
        name.removeprefix("val_").removeprefix("clean_"): None
        for name in curves
        if name not in _NOT_DRAWN
    }
    return sorted(bases, key=lambda name: name != "loss")


def _axes(panels, axes):
    if axes is not None:
        axes = axes_in(axes)
        if len(axes) != panels:
            raise bad_value("axes", f"{len(axes)} Axes", f"{panels} Axes")
        return axes
    columns = min(panels, 3)
    rows = -(-panels // columns)
    return new_axes(panels, columns, (_PANEL[0] * columns, _PANEL[1] * rows))


def _panel(ax, name, curves):
    for prefix, style in _KINDS.items():
        values = curves.get(prefix + name)
        if values is None:
            continue
        measured = np.isfinite(values)
        places = 1 + np.flatnonzero(measured)
        ax.plot(places, values[measured], marker=".", **style)
    _count_whole(ax)
    ax.set_xlabel("epoch")
    ax.set_ylabel(name)


def _count_whole(ax):
    from matplotlib.ticker import MaxNLocator

    # Axes of the user's own may have other ticks.
    if isinstance(ax.xaxis.get_major_locator(), MaxNLocator):
        ax.xaxis.get_major_locator().set_params(integer=True)


def _best_epoch(curves):
    for name in ("val_loss", "clean_loss", "loss"):
        values = curves.get(name, np.array([np.nan]))
        if np.isfinite(values).any():
            return 1 + int(np.nanargmin(values))
    return None


def _mark_best(ax, best):
    if best is None:
        return
    label = f"best: epoch {best}"
    ax.axvline(best, color="0.5", linestyle=":", zorder=0, label=label)
    for line in ax.lines[:-1]:
        at = np.flatnonzero(np.asarray(line.get_xdata()) == best)
        if at.size:
            value = line.get_ydata()[at[0]]
            ax.plot(best, value, "o", color=line.get_color(), zorder=3)


def _joined(marks, epochs):
    """Returns `{epoch: text}`; texts that would lie on each other are one."""
    joined, first = {}, None
    for epoch, text in sorted(marks, key=lambda mark: mark[0]):
        if first is None or epoch - first > _APART * epochs:
            first = epoch
        joined.setdefault(epoch, [])
        joined[first].append(text)
    return {epoch: ", ".join(texts) for epoch, texts in joined.items()}


def _mark(ax, place, text, linestyle, color="0.4"):
    ax.axvline(place, color=color, linestyle=linestyle, linewidth=1, zorder=0)
    note = ax.annotate(
        text,
        (place, 1),
        xycoords=("data", "axes fraction"),
        xytext=(3, -3),
        textcoords="offset points",
        color=color,
        rotation=90,
        va="top",
        clip_on=True,
    )
    # A long text would leave no room for the curves.
    note.set_in_layout(False)
