"""What a search for the depth has found."""

import dataclasses

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_sequence
from keras_trainkit.kernels.argument_checks import require_string
from keras_trainkit.kernels.score_noise import gain
from keras_trainkit.kernels.score_noise import summary
from keras_trainkit.plots.depth_search import plot_depth_search
from keras_trainkit.transfer.depth_search.space import SCRATCH
from keras_trainkit.transfer.depth_search.space import Configuration


@dataclasses.dataclass(frozen=True)
class Choice:
    """What one configuration scored.

    Attributes:
        configuration: With `reuse`, `freeze`, `above` and `rate_factor`; in
            words as a string.
        scores: Tuple of floats, one for each seed that was trained.
        mean, std, standard_error: Floats; see
            `kernels.score_noise.summary`.
        seconds: Float, what the runs took together.
        weights: Integer, how many numbers trained.
        complete: Whether all seeds were trained; else it was pruned.
    """

    configuration: Configuration
    scores: tuple
    seconds: float
    weights: int
    complete: bool

    @property
    def mean(self):
        """The mean of the scores."""
        return summary(self.scores)[0]

    @property
    def std(self):
        """Their standard deviation."""
        return summary(self.scores)[1]

    @property
    def standard_error(self):
        """The standard error of the mean."""
        return summary(self.scores)[2]


class DepthSearch:
    """The configurations that were tried, the best first.

    What `search_depth` returns. Printed, it is a table.

    Args:
        choices: List of `Choice`s.
        upwards: Whether larger scores are better.
        monitor: Name of the score.
        make: Callable `configuration -> model`.
        study: The `optuna.Study`. Defaults to `None`.
        interrupted: Whether the search was. Defaults to `False`.

    Raises:
        TypeError: For arguments of another type.

    Attributes:
        choices: List of what was tried, each with `configuration`, `scores`
            (one for each seed), `mean`, `std`, `standard_error`, `seconds`,
            `weights` (how many numbers trained) and `complete`; by their
            means, the best first, those that were pruned last.
        best: The first that is complete, or `None`.
        scratch: The one from scratch, or `None` where it is not complete.
        monitor, study, interrupted: As passed.

    Example:

    >>> from keras_trainkit.transfer.depth_search.result import Choice
    >>> from keras_trainkit.transfer.depth_search.space import SCRATCH
    >>> choices = [Choice(SCRATCH, (0.5, 0.7), 2.0, 123, True)]
    >>> make = lambda configuration: keras.Sequential()
    >>> search = ktk.transfer.DepthSearch(choices, True, "val_acc", make)
    >>> search.best.mean, search.beats_scratch
    (0.6, False)
    """

    def __init__(
        self, choices, upwards, monitor, make, study=None, interrupted=False
    ):
        require_sequence("choices", choices, "a list of `Choice`s")
        for choice in choices:
            if not isinstance(choice, Choice):
                raise bad_type("choices", choice, "`Choice`s")
        require_choice("upwards", upwards, (True, False))
        require_choice("interrupted", interrupted, (True, False))
        require_string("monitor", monitor)
        if not callable(make):
            raise bad_type("make", make, "a callable configuration -> model")
        if study is not None and not hasattr(type(study), "best_trials"):
            raise bad_type("study", study, "an `optuna.Study`, or None")
        sign = -1 if upwards else 1

        def rank(choice):
            # A NaN, of a run that diverged, is no order.
            known = choice.mean == choice.mean
            value = sign * choice.mean if known else 0
            return not choice.complete, not known, value

        self.choices = sorted(choices, key=rank)
        self.monitor, self.study = monitor, study
        self.interrupted = interrupted
        self._upwards, self._make = upwards, make
        done = [c for c in self.choices if c.complete and c.mean == c.mean]
        self.best = done[0] if done else None
        self.scratch = next(
            (one for one in done if one.configuration == SCRATCH), None
        )

    @property
    def beats_scratch(self):
        """Whether the best is better than from scratch by more than noise.

        More than twice the standard error of the difference of the two means;
        `None` where one of them is not known. The best of many is partly
        lucky: the more was tried, the more so.
        """
        if self.best is None or self.scratch is None:
            return None
        better, noise = gain(
            self.best.scores, self.scratch.scores, self._upwards
        )
        return better > noise

    def best_model(self):
        """Returns the network of the best configuration, ready to be trained.

        As each run of the search began: reused weights, new ones elsewhere,
        flags and learning rates set, compiled as the model was.

        Raises:
            ValueError: If no configuration is complete.
        """
        if self.best is None:
            raise bad_value(
                "search",
                self,
                "one with a configuration that was trained with all seeds",
                "Search on: pass a `storage`.",
            )
        return self._make(self.best.configuration)

    def verdict(self):
        """Returns in words what the best is worth."""
        if self.best is None:
            return "No configuration was trained with all seeds."
        if self.scratch is None:
            return "From scratch was not trained to the end: no comparison."
        if self.best is self.scratch:
            return "No choice beats training from scratch."
        better, noise = gain(
            self.best.scores, self.scratch.scores, self._upwards
        )
        said = f"{self.best.configuration}: better than from scratch by "
        said += f"{better:.3g}, noise {noise:.2g}"
        if better > noise:
            return f"{said}."
        return (
            f"No choice beats training from scratch beyond the noise ({said})."
        )

    def __str__(self):
        head = (
            "configuration",
            self.monitor,
            "std",
            "std error",
            "seeds",
            "seconds",
        )
        lines = [head, *map(_cells, self.choices)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        table = [
            f"{line[0]:<{widths[0]}}"
            + "".join(
                f"  {cell:>{width}}"
                for cell, width in zip(line[1:], widths[1:], strict=True)
            )
            for line in lines
        ]
        stopped = ["Interrupted."] if self.interrupted else []
        return "\n".join([*table, *stopped, self.verdict()])

    def __repr__(self):
        tried = len(self.choices)
        return f"<{type(self).__name__}: {tried} tried. {self.verdict()}>"

    def plot(self, ax=None):
        """Draws means and standard errors, pruned ones pale; see `plots`.

        Args:
            ax: The matplotlib `Axes` to draw into. Defaults to `None`: those
                of a new figure.

        Returns:
            The `Axes`.
        """
        known = [c for c in self.choices if c.mean == c.mean]
        scratch = None
        if self.scratch is not None:
            scratch = (self.scratch.mean, self.scratch.standard_error)
        return plot_depth_search(
            [str(one.configuration) for one in known],
            [one.mean for one in known],
            [one.standard_error for one in known],
            [one.complete for one in known],
            scratch,
            self.monitor,
            ax,
        )


def _cells(choice):
    note = "" if choice.complete else " (pruned)"
    return (
        f"{choice.configuration}{note}",
        _number(choice.mean, ".4g"),
        _number(choice.std, ".2g"),
        _number(choice.standard_error, ".2g"),
        f"{len(choice.scores)}",
        f"{choice.seconds:.1f}",
    )


def _number(value, form):
    return "-" if value != value else format(value, form)
