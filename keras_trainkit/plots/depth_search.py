"""The scores of a search for how much to reuse."""

import numpy as np

from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_numbers
from keras_trainkit.kernels.argument_checks import require_sequence
from keras_trainkit.kernels.argument_checks import require_string
from keras_trainkit.plots.axes import axes_or_new


def plot_depth_search(
    labels, means, errors, complete, scratch=None, score="score", ax=None
):
    """Draws the mean score of each configuration with its standard error.

    Args:
        labels: Sequence of strings, from the top down.
        means: Sequence of floats, equally long.
        errors: Sequence of floats, their standard errors; NaN for none.
        complete: Sequence of Booleans: what was ended early is pale.
        scratch: Tuple of the mean from scratch and its standard error, drawn
            as a band of two of these; or `None`. Defaults to `None`.
        score: String, what the scores are. Defaults to `"score"`.
        ax: The matplotlib `Axes` to draw into. Defaults to those of a new
            figure.

    Returns:
        The `Axes`.

    Raises:
        ValueError: If the sequences are not of one length, or empty.
        ImportError: If matplotlib is not installed.

    Example:

    >>> ax = ktk.plots.plot_depth_search(
    ...     ["2 frozen", "from scratch"], [0.9, 0.8], [0.01, 0.02], [True, True]
    ... )
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['2 frozen', 'from scratch']
    """
    require_sequence("labels", labels)
    require_sequence("complete", complete)
    require_numbers("means", means)
    require_numbers("errors", errors)
    require_string("score", score)
    if scratch is not None and len(require_numbers("scratch", scratch)) != 2:
        raise bad_value("scratch", scratch, "a mean and its standard error")
    lengths = [len(labels), len(means), len(errors), len(complete)]
    if len(set(lengths)) > 1 or not lengths[0]:
        raise bad_value(
            "labels`, `means`, `errors`, `complete",
            lengths,
            "sequences of one length that is above 0",
        )
    ax = axes_or_new(ax)
    if scratch is not None:
        mean, error = scratch
        ax.axvline(mean, color="0.5", linestyle="--", label="from scratch")
        if np.isfinite(error):
            ax.axvspan(
                mean - 2 * error, mean + 2 * error, color="0.5", alpha=0.2
            )
        ax.legend()
    for place, (mean, error, whole) in enumerate(
        zip(means, errors, complete, strict=True)
    ):
        ax.errorbar(
            mean,
            place,
            xerr=error if np.isfinite(error) else None,
            fmt="o",
            color="C0" if whole else "0.75",
            capsize=3,
        )
    ax.set_yticks(range(len(labels)), labels)
    ax.invert_yaxis()
    ax.set_xlabel(score)
    return ax
