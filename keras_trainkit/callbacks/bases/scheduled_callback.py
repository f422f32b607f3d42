"""What every callback with a curve over hyperparameters does in a `fit`."""

from functools import partial

from keras_trainkit.backend.devices.distribution import refuse_impossible
from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.callbacks.bases import fit_length
from keras_trainkit.callbacks.bases.traced_callback import TracedCallback
from keras_trainkit.scheduling.curves_in_fit import CurvesInFit


class ScheduledCallback(TracedCallback):
    """Base of the callbacks that move hyperparameters at every update.

    A subclass says in `curves` what it moves; when, and that everything is
    given back, is said here, once.
    """

    def curves(self, optimizer):
        """Returns `{hyperparameter: curve}` for the `fit` that begins.

        A curve is a callable `(position, xp, dtype)` of the number of updates
        made since the curve began, an integer; `xp` is `numpy` or
        `keras.ops`. The hyperparameters are `"learning_rate"`,
        `"weight_decay"`, and `"momentum"`, which stands for `momentum` or
        `beta_1`.

        Args:
            optimizer: The optimizer that updates the weights.
        """
        raise NotImplementedError

    @property
    def counts_on_one_update_per_batch(self):
        """Whether the curves are laid out over the batches of `fit`.

        A train step that applies the optimizer more or less often is then an
        error at the end of the first epoch. A subclass whose curves are given
        in updates returns `False`.
        """
        return True

    def on_train_begin(self, logs=None):
        """Takes the hyperparameters over for this `fit`."""
        refuse_impossible(self)
        optimizer = anatomy.innermost(self.model.optimizer)
        curves = self.curves(optimizer)
        taken = CurvesInFit(self._owner, self.model, self.rate_before())
        taken.take(curves)
        self._curves = taken

    def on_epoch_begin(self, epoch, logs=None):
        """Sets where the curves begin; a resumed run goes on where it was."""
        self._curves.begin_epoch(partial(self._batches_before, epoch))

    def on_epoch_end(self, epoch, logs=None):
        """Adds the values of the epoch's last update to the logs."""
        self._curves.end_epoch(
            logs, self.params.get("steps"), self.counts_on_one_update_per_batch
        )

    def length_is_known(self):
        """Whether `fit` knows how many epochs and batches it has."""
        return fit_length.length_is_known(self.params)

    def updates_of_fit(self, instead):
        """Returns how many updates this `fit` is going to make.

        Args:
            instead: What the user can pass to the callback instead, in words.

        Raises:
            ValueError: When the length of an epoch is unknown.
        """
        optimizer = anatomy.innermost(self.model.optimizer)
        return fit_length.updates_of_fit(
            self.params, optimizer, self._owner, instead
        )

    def _batches_before(self, epoch):
        return fit_length.batches_before(self.params, epoch)
