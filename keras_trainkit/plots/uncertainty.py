"""Pictures of uncertain predictions."""

import numpy as np

from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_numbers
from keras_trainkit.kernels.argument_checks import require_sequence
from keras_trainkit.plots.axes import axes_in
from keras_trainkit.plots.axes import new_axes


def plot_most_and_least_certain(
    mean, std, uncertainty, images=None, labels=None, count=8, axes=None
):
    """Draws the rows with the smallest and the largest uncertainty.

    The first row of axes shows the most certain ones, the most certain on the
    left; the second row the least certain ones, the least certain on the
    left. Titles give the uncertainty, behind the label if there is one.

    Args:
        mean: Array of shape `(N, ...)`.
        std: Array of the same shape.
        uncertainty: Sequence of N floats.
        images: Array of shape `(N, rows, columns)` or `(N, rows, columns,
            channels)`. Defaults to `None`: the mean is drawn, with the
            standard deviation as error bars.
        labels: Sequence of N labels, such as the predicted classes. Defaults
            to `None`.
        count: Integer of at least 1, how many of each; as many as there are
            if these are fewer. Defaults to `8`.
        axes: Array of matplotlib `Axes` of shape `(2, count)` to draw into.
            Defaults to those of a new figure.

    Returns:
        The array of `Axes`.

    Raises:
        ValueError: If `images` are not of a shape that can be drawn, or not
            as many as there are rows.
        ImportError: If matplotlib is not installed.

    Example:

    >>> mean = np.array([[0.9, 0.1], [0.4, 0.6], [0.8, 0.2]])
    >>> axes = ktk.plots.plot_most_and_least_certain(
    ...     mean, 0.1 * mean, [0.3, 0.7, 0.5], labels=list("abc"), count=1
    ... )
    >>> [ax.get_title() for ax in axes.ravel()]
    ['a: 0.3', 'b: 0.7']
    """
    mean, std = require_numbers("mean", mean), require_numbers("std", std)
    if mean.shape != std.shape:
        raise bad_value("std", std.shape, f"of the shape of mean {mean.shape}")
    mean, std = (one.reshape((len(mean), -1)) for one in (mean, std))
    uncertainty = require_numbers("uncertainty", uncertainty)
    for name, rows in {"uncertainty": uncertainty, "labels": labels}.items():
        _refuse_other_rows(name, rows, len(mean))
    _refuse(images, len(mean), count)
    count = min(count, len(mean))
    order = np.argsort(uncertainty, kind="stable")
    rows = np.stack([order[:count], order[::-1][:count]])
    axes = _axes(axes, count)
    for ax, row in zip(axes.ravel(), rows.ravel(), strict=True):
        if images is None:
            ax.bar(range(mean.shape[1]), mean[row], yerr=std[row])
        else:
            ax.imshow(_drawable(images[row]), cmap="gray")
            ax.set_axis_off()
        value = f"{uncertainty[row]:.2g}"
        ax.set_title(value if labels is None else f"{labels[row]}: {value}")
    return axes


def _refuse_other_rows(name, values, rows):
    if values is None:
        return
    require_sequence(name, values)
    if len(values) != rows:
        raise bad_value(name, f"{len(values)} values", f"{rows}, as of `mean`")


def _refuse(images, rows, count):
    require_integer("count", count, 1)
    if images is None:
        return
    shape = np.shape(images)
    if len(shape) not in (3, 4) or shape[0] != rows:
        raise bad_value(
            "images",
            shape,
            f"{rows} images of shape (rows, columns) or (rows, columns, "
            "channels), one for each row of the prediction",
        )


def _axes(axes, count):
    if axes is None:
        found = new_axes(2 * count, count, (1.6 * count, 3.6))
    else:
        found = axes_in(axes)
    if len(found) != 2 * count:
        raise bad_value("axes", f"{len(found)} Axes", f"{2 * count} Axes")
    return np.asarray(found, "object").reshape((2, count))


def _drawable(image):
    image = np.asarray(image)
    return image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
