"""Loss and throughput over batch sizes."""

import numpy as np

from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_numbers
from keras_trainkit.kernels.argument_checks import require_string
from keras_trainkit.plots.axes import axes_or_new


def plot_batch_size_curve(
    batch_sizes, losses, errors, rows_per_second, label="loss", ax=None
):
    """Draws loss and throughput over the logarithm of the batch size.

    Args:
        batch_sizes: Sequence of integers.
        losses: Sequence of floats, equally long.
        errors: Sequence of floats, their standard errors; NaN for none.
        rows_per_second: Sequence of floats, drawn on an axis of its own, from
            0 on.
        label: String, what the losses are. Defaults to `"loss"`.
        ax: The matplotlib `Axes` to draw into. Defaults to those of a new
            figure.

    Returns:
        The `Axes` of the losses.

    Raises:
        ValueError: If the sequences are not of one length, or empty.
        ImportError: If matplotlib is not installed.

    Example:

    >>> ax = ktk.plots.plot_batch_size_curve(
    ...     [32, 64], [0.5, 0.4], [0.01, 0.02], [900.0, 1500.0]
    ... )
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('batch size', 'loss')
    """
    columns = {
        "batch_sizes": batch_sizes,
        "losses": losses,
        "errors": errors,
        "rows_per_second": rows_per_second,
    }
    lengths = [len(require_numbers(*column)) for column in columns.items()]
    require_string("label", label)
    if len(set(lengths)) > 1 or not lengths[0]:
        raise bad_value(
            "`, `".join(columns),
            lengths,
            "sequences of one length that is above 0",
        )
    ax = axes_or_new(ax)
    errors = np.nan_to_num(np.asarray(errors, "float64"))
    ax.errorbar(
        batch_sizes, losses, yerr=errors, fmt="o-", color="C0", capsize=3
    )
    ax.set_xscale("log", base=2)
    ax.set_xlabel("batch size")
    ax.set_ylabel(label, color="C0")
    right = ax.twinx()
    right.plot(batch_sizes, rows_per_second, "s--", color="C1")
    right.set_ylabel("samples per second", color="C1")
    right.set_ylim(bottom=0)
    return ax
