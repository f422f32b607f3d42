"""How many updates a run has made, as the optimizer itself counts them."""

from keras_trainkit.backend.optimizer import anatomy


class UpdateCounter:
    """Reads the optimizer's counter, also where `fit` keeps it elsewhere.

    Args:
        model: A compiled `keras.Model`.
        optimizer: Its `ScheduledOptimizer`.
    """

    def __init__(self, model, optimizer):
        self._model = model
        self._optimizer = optimizer
        self._known = 0
        self._stopped = False

    def batches(self):
        """Returns the counter, which is of batches, as a Python integer.

        Where the variables have no values now: as it was last read.
        """
        if not self._stopped:
            self._read()
        return self._known

    def updates(self):
        """Returns the number of updates made: batches, or groups of them."""
        per_update = anatomy.accumulation_steps(self._optimizer.inner)
        return self.batches() // per_update

    def origin(self, batches_before):
        """Returns the count of updates at which a run began.

        Args:
            batches_before: How many batches of the run were trained before,
                as `fit` counts them.
        """
        batches = self.batches()
        per_update = anatomy.accumulation_steps(self._optimizer.inner)
        skipped = 0 < batches < batches_before
        if skipped and anatomy.skips_updates(self._model.optimizer):
            # The counter began with this run and left out skipped batches.
            return 0
        return (batches - batches_before) // per_update

    def stop(self):
        """Keeps the counts as they are now, whatever trains later."""
        self.batches()
        self._stopped = True

    def _read(self):
        # Between the batches of an epoch JAX keeps the state elsewhere.
        sync = getattr(self._model, "jax_state_sync", None)
        if sync is not None:
            sync()
        inner = self._optimizer.inner
        if anatomy.has_values(inner):
            self._known = anatomy.batches_seen_so_far(inner)
