"""What a learning-rate search has found."""

import numpy as np

from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_numbers
from keras_trainkit.kernels.curves.geometric_rise import check_reading
from keras_trainkit.kernels.curves.search_divergence import finite_part
from keras_trainkit.kernels.curves.search_suggestion import METHODS
from keras_trainkit.kernels.curves.search_suggestion import capped
from keras_trainkit.kernels.curves.search_suggestion import smooth
from keras_trainkit.kernels.curves.search_suggestion import suggest
from keras_trainkit.kernels.curves.search_suggestion import unclear
from keras_trainkit.plots.learning_rate_search import plot_learning_rate_search
from keras_trainkit.scheduling.search_checks import refuse_first_loss


class LearningRateSearch:
    """Learning rates, the losses met there, and what they suggest.

    What `find_learning_rate` returns and `LearningRateFinder` keeps as its
    `result`. Made from rates and losses kept elsewhere, it reads these by the
    same rules. The last loss may be the one that ended the search: a
    divergence, perhaps not finite. The smoothed losses, and with them the
    suggestions, leave it and all that follows out.

    Args:
        learning_rates: Sequence of floats of shape `(steps,)`, above 0 and
            increasing.
        losses: Sequence of floats of shape `(steps,)`, the loss of each
            step's own batch before the step with this learning rate.
        smoothing: Float in [0, 1), the share of the old in each exponential
            average. Defaults to `0.9`.
        early_stop_threshold: Float above 1 or `None`, see
            `keras_trainkit.callbacks.LearningRateFinder`. Defaults to `4.0`.

    Attributes:
        learning_rates: NumPy array of float64.
        losses: NumPy array of float64.
        smoothed_losses: NumPy array of float64 of the same shape: the losses,
            none above the largest of the first ten, averaged exponentially
            with bias correction, forward and backward so that nothing lags;
            NaN at and after the divergence.
        passes: Tuple of the passes over the rates that it took, each a
            `LearningRateSearch`; the last one, the slowest, is itself.
        steps: Integer, how many steps were made in all passes.

    Raises:
        ValueError: For rates and losses that are no two sequences of one
            length, rates that do not increase, and numbers out of range.
        TypeError: For arguments of another type.

    Example:

    >>> rates = np.geomspace(1e-5, 1.0, 51)
    >>> losses = 1 / (1 + rates / 1e-3) + 50 * rates**2
    >>> search = ktk.tuning.LearningRateSearch(rates, losses)
    >>> bool(1e-4 < search.suggestion("steepest") < search.suggestion() < 1e-2)
    True
    >>> search
    <LearningRateSearch: 51 steps, learning rates 1e-05 to 1, suggests 0.0017>
    """

    def __init__(
        self, learning_rates, losses, smoothing=0.9, early_stop_threshold=4.0
    ):
        check_reading(early_stop_threshold, smoothing)
        self.learning_rates = require_numbers("learning_rates", learning_rates)
        self.losses = require_numbers("losses", losses)
        self._check_shapes()
        self._end = finite_part(self.losses, smoothing, early_stop_threshold)
        self.smoothed_losses = np.full(self.losses.shape, np.nan)
        self._read = capped(self.losses[: self._end])
        self.smoothed_losses[: self._end] = smooth(self._read, smoothing)
        self.passes = (self,)

    def __repr__(self):
        first, last = self.learning_rates[[0, -1]]
        try:
            suggested = f"suggests {self.suggestion():.2g}"
        except ValueError as error:
            suggested = f"suggests nothing: {error}"
        made = f"{self.steps} steps"
        if len(self.passes) > 1:
            made += f" in {len(self.passes)} passes"
        return (
            f"<{type(self).__name__}: {made}, learning rates {first:.2g} to "
            f"{last:.2g}, {suggested}>"
        )

    @property
    def steps(self):
        """How many steps were made in all passes."""
        return sum(len(one.losses) for one in self.passes)

    def unclear(self):
        """Whether the loss falls by less than twice its noise.

        In more steps it may fall further. `False` where too few steps are left
        to read before a divergence, which more of them do not mend.
        """
        return unclear(self._read, self.smoothed_losses[: self._end])

    def suggestion(self, method="valley"):
        """Returns a learning rate to train with.

        The first tenth and the last twentieth of the curve are not read, nor
        anything at or after a divergence.

        Args:
            method: `"valley"`: a third of the rate at which the smoothed
                loss has made 85% of its fall to the lowest point, but at
                least a sixteenth and at most a sixth of the rate there.
                `"steepest"`: the rate where it falls most per logarithm of
                the rate, on the way there, or the former where that is
                smaller. Defaults to `"valley"`.

        Returns:
            Python float.

        Raises:
            ValueError: When the loss falls no more than noise does, too few
                steps are left, or the first loss is not finite; the message
                says what was seen.
        """
        refuse_first_loss(self.losses[0])
        return suggest(
            self.learning_rates[: self._end],
            self._read,
            self.smoothed_losses[: self._end],
            method,
        )

    def plot(self, ax=None):
        """Draws the curve with the suggestions, if any; needs matplotlib.

        Args:
            ax: The matplotlib `Axes` to draw into. Defaults to `None`: those
                of a new figure.

        Returns:
            The `Axes`.
        """
        return plot_learning_rate_search(
            self.learning_rates,
            self.losses,
            self.smoothed_losses,
            self._suggestions(),
            ax=ax,
        )

    def _suggestions(self):
        try:
            return {method: self.suggestion(method) for method in METHODS}
        except ValueError:
            # Nothing to mark; the curve shows why.
            return {}

    def _check_shapes(self):
        rates = self.learning_rates
        shapes = [rates.shape, self.losses.shape]
        if shapes[0] != shapes[1] or rates.ndim != 1 or not rates.size:
            raise bad_value(
                "learning_rates`, `losses",
                shapes,
                "two one-dimensional sequences of one length",
            )
        if not (rates[0] > 0 and (np.diff(rates) > 0).all()):
            raise bad_value(
                "learning_rates", rates.tolist(), "above 0 and increasing"
            )
