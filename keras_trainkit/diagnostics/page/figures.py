"""The figures of a page: curves with their details, and lines in a table."""

import math

from keras_trainkit.plots.learning_curves import learning_curves
from keras_trainkit.plots.svg import figure_svg

_PREFIXES = ("val_", "clean_")
# A detail is the last part of a run, in which little moves on the whole scale.
_DETAIL = 3  # the run is so many times as long
_LEAST_EPOCHS = 6
_WIDTH, _HEIGHT = 90, 20


def metric_names(curves):
    """Returns the names of metrics without prefix, the loss first.

    Args:
        curves: Dict of names to numbers; `val_` and `clean_` names belong to
            the training curve.
    """
    names = dict.fromkeys(_base(name) for name in curves)
    drawn = [name for name in names if "learning_rate" not in name]
    return sorted(drawn, key=lambda name: name != "loss")


def curve_figures(report):
    """Returns a list of `(name, whole, detail)`, one for each metric.

    Args:
        report: A `Report`.

    Returns:
        List of names and two SVG texts; the detail is `""` for a short run.
    """
    return [_figures(name, report) for name in metric_names(report.curves)]


def _figures(name, report):
    curves = {
        key: values
        for key, values in report.curves.items()
        if _base(key) == name and any(map(_is_number, values))
    }
    if not curves:
        return name, "", ""
    epochs = max(len(values) for values in curves.values())

    def whole(ax):
        learning_curves(curves, [name], marks=report.marks, axes=[ax])

    def detail(ax):
        learning_curves(curves, [name], axes=[ax])
        _zoom(ax, curves, epochs)

    return (
        name,
        figure_svg(whole, f"{name} over {epochs} epochs"),
        figure_svg(detail, f"{name} over the last {epochs // _DETAIL} epochs")
        if epochs >= _LEAST_EPOCHS
        else "",
    )


def _zoom(ax, curves, epochs):
    first = epochs - epochs // _DETAIL
    tails = [v[first:] if len(v) == epochs else v[-1:] for v in curves.values()]
    shown = [one for tail in tails for one in tail if _is_number(one)]
    ax.set_xlim(first + 0.75, epochs + 0.25)
    ax.xaxis.get_major_locator().set_params(integer=True)
    if shown and min(shown) < max(shown):
        margin = 0.08 * (max(shown) - min(shown))
        ax.set_ylim(min(shown) - margin, max(shown) + margin)


def sparkline(values):
    """Returns a line of some numbers as an `<svg>` element.

    Args:
        values: Sequence of numbers; `None` and NaN leave gaps.

    Returns:
        A string, `""` with fewer than two numbers.
    """
    numbers = [v for v in values if _is_number(v)]
    if len(numbers) < 2:
        return ""
    low, high = min(numbers), max(numbers)
    spread = (high - low) or 1.0
    paths, pen = [], "M"
    for i, value in enumerate(values):
        if not _is_number(value):
            pen = "M"
            continue
        across = 2 + (_WIDTH - 4) * i / (len(values) - 1)
        down = _HEIGHT - 2 - (_HEIGHT - 4) * (value - low) / spread
        paths.append(f"{pen}{across:.1f} {down:.1f}")
        pen = "L"
    label = f"from {numbers[0]:.3g} to {numbers[-1]:.3g}"
    return (
        f'<svg class="spark" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{label}"><path d="{"".join(paths)}"/></svg>'
    )


def _base(name):
    for prefix in _PREFIXES:
        if name.startswith(prefix):
            return name[len(prefix) :]
    return name


def _is_number(value):
    return value is not None and math.isfinite(value)
