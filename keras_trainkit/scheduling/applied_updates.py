"""Whether the curves acted on the updates that the optimizer counted."""


class AppliedUpdates:
    """Counts of one epoch, to be held against the optimizer's own counter.

    All counts are of batches, as the optimizer's counter is: under gradient
    accumulation several make an update.
    """

    def __init__(self):
        self._first = None
        self.begin(None)

    def begin(self, counted):
        """Begins an epoch; `counted` is the optimizer's counter."""
        self._first = counted
        self._calls = self._finished = self._blind = self._outside = 0

    def add_call(self, acts, finished):
        """Adds a call of a train function.

        Args:
            acts: Whether it is known to have called the optimizer's `apply`
                in Python under the curves; a compiled one does while it is
                traced.
            finished: Whether it was left without an exception.
        """
        self._calls += 1
        self._finished += finished
        self._blind += not acts

    def add_outside(self):
        """Adds an `apply` outside of the model's train function."""
        self._outside += 1

    def unscheduled(self, counted):
        """Whether the counter moved where no curve can have acted."""
        only_blind = self._calls == self._blind
        return only_blind and self.made(counted) > self._outside

    def tried(self):
        """Whether a step was made in this epoch, whatever it did."""
        return self._finished + self._outside > 0

    def made(self, counted):
        """Returns how far the counter has moved in this epoch."""
        return 0 if self._first is None else counted - self._first

    def per_batch(self, counted, steps, per_call):
        """Returns how often the optimizer was applied to a batch, about.

        Args:
            counted: The optimizer's counter.
            steps: Batches in an epoch, or `None` where it is not known.
            per_call: The most batches in one call of the train function.

        Returns:
            1.0 where it may have been once; otherwise the ratio.
        """
        made = self.made(counted)
        most = self._calls * per_call + self._outside
        if steps is not None and (per_call > 1 or not self._calls):
            most = min(most, steps)
        least = self._finished if per_call == 1 else 0
        if made > most > 0:
            return made / most
        return made / least if 0 < 2 * made <= least else 1.0
