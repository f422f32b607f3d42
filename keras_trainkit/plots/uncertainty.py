"""Pictures of uncertain predictions."""

import numpy as np

from keras_trainkit.kernels.argument_checks import bad_value


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
    ...     mean, 0.1 * mean, [0.3, 0.7, 0.5], labels="abc", count=1
    ... )
    >>> [ax.get_title() for ax in axes.ravel()]
    ['a: 0.3', 'b: 0.7']
    """
    mean = np.asarray(mean).reshape((len(mean), -1))
    std = np.asarray(std).reshape(mean.shape)
    uncertainty = np.asarray(uncertainty)
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


def _refuse(images, rows, count):
    if count < 1:
        raise bad_value("count", count, "at least 1")
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
    if axes is not None:
        return np.asarray(axes).reshape((2, count))
    from matplotlib import pyplot

    size = (1.6 * count, 3.6)
    return pyplot.subplots(2, count, figsize=size, squeeze=False)[1]


def _drawable(image):
    image = np.asarray(image)
    return image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
