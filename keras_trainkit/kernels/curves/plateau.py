"""When a metric stands still, and for how long it is then kicked."""

import math
from dataclasses import dataclass
from dataclasses import replace

from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_number


@dataclass(frozen=True)
class Watched:
    """What is known of a metric after some epochs.

    Attributes:
        best: Its best value since the watch began, or `None`.
        waited: Epochs since then.
        raised: Epochs of a kick still to come.
        resting: Epochs of cooldown still to come.
        kicks: Kicks so far.
    """

    best: float | None = None
    waited: int = 0
    raised: int = 0
    resting: int = 0
    kicks: int = 0


@dataclass(frozen=True)
class PlateauRule:
    """How long to wait for an improvement, and how long to kick.

    Attributes:
        patience: Epochs without an improvement that make a plateau.
        duration: Epochs of a kick.
        cooldown: Epochs after a kick before the watch begins again.
        max_kicks: Kicks at most; `None` for no limit.
        min_delta: An improvement is better by more than this.
    """

    patience: int
    duration: int
    cooldown: int = 0
    max_kicks: int | None = None
    min_delta: float = 0.0

    def check(self):
        """Raises for values that describe no rule."""
        require_integer("patience", self.patience, 1)
        require_integer("duration", self.duration, 1)
        require_integer("cooldown", self.cooldown, 0)
        if self.max_kicks is not None:
            require_integer("max_kicks", self.max_kicks, 1)
        require_number(
            "min_delta",
            self.min_delta,
            "a finite number of at least 0",
            lambda v: 0 <= v < math.inf,
        )

    def after(self, seen, value):
        """Returns what is known one epoch later.

        Within a kick and its cooldown nothing is counted, and the watch then
        begins again: after a kick the metric is worse at first, and compared
        with its best from before, even the descent into a better minimum would
        be a plateau. A value that is not finite is no plateau either.

        Args:
            seen: `Watched`, before the epoch.
            value: The metric at the end of the epoch, the smaller the better;
                `None` where it was not measured, which is no epoch waited.
        """
        if seen.raised:
            return replace(seen, raised=seen.raised - 1)
        if seen.resting:
            return replace(seen, resting=seen.resting - 1)
        if value is None:
            return seen
        if not math.isfinite(value):
            return replace(seen, waited=0)
        if seen.best is None or value < seen.best - self.min_delta:
            return replace(seen, best=value, waited=0)
        if seen.waited + 1 < self.patience or seen.kicks == self.max_kicks:
            return replace(seen, waited=seen.waited + 1)
        return Watched(
            raised=self.duration, resting=self.cooldown, kicks=seen.kicks + 1
        )
