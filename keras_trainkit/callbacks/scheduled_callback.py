"""What every callback with a curve over hyperparameters does in a `fit`."""

import keras

from keras_trainkit.backend.devices.distribution import refuse_impossible
from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.plots.learning_rate import plot_schedule
from keras_trainkit.scheduling.scheduled_fit import active_control
from keras_trainkit.scheduling.scheduled_fit import take_control


class ScheduledCallback(keras.callbacks.Callback):
    """Base of the callbacks that move hyperparameters at every update.

    A subclass says in `curves` what it moves; when, and that everything is
    given back, is said here, once.
    """

    def __init__(self):
        super().__init__()
        self.params = {}  # a custom loop may not set any
        self._control = None
        self._claims = None
        self._started = False

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

    def set_model(self, model):
        """Notes the learning rate as it is before any callback acts.

        Every `set_model` comes before any `on_train_begin`, so this is the
        rate before BackupAndRestore loads one from the middle of a curve.
        """
        super().set_model(model)
        self._rate_before = anatomy.plain_learning_rate(
            getattr(self.model, "optimizer", None)
        )

    def on_train_begin(self, logs=None):
        """Takes the hyperparameters over for this `fit`."""
        refuse_impossible(self)
        model = self.model
        optimizer = anatomy.innermost(model.optimizer)
        if self._rate_before is None:
            # A user's own CallbackList sets the model for its first `fit` only.
            self._rate_before = anatomy.plain_learning_rate(optimizer)
        curves, claims = self.curves(optimizer), {}
        control = take_control(model)
        try:
            for name, curve in curves.items():
                claims[name] = control.claim(self._owner, name, curve)
        except ValueError:
            control.release(claims.values())
            raise
        self._claims = claims
        if "learning_rate" in curves and self._rate_before is not None:
            control.base_rate = self._rate_before
        self._control, self._started = control, False

    def on_epoch_begin(self, epoch, logs=None):
        """Sets where the curves begin; a resumed run goes on where it was."""
        self._require_the_run()
        if not self._started:
            self._started = True
            self._start_curves(epoch)
            self._untrained = self._batches_trained()

    def on_epoch_end(self, epoch, logs=None):
        """Adds the values of the epoch's last update to the logs."""
        self._require_the_run()
        self._control.refuse_foreign_changes()
        if logs is not None:
            for name in self._claims:
                logs[name] = self._control.last_value(name)
        self._require_updates()

    def on_train_end(self, logs=None):
        """Gives the hyperparameters back."""
        self._control.release(self._claims.values())
        self._rate_before = None

    def trace(self):
        """Returns the values of every update of the latest `fit`.

        Returns:
            Dictionary of equally long NumPy arrays: `"step"`, the position on
            the curve, and one of float64 values per hyperparameter.

        Raises:
            ValueError: Before the first `fit`.
        """
        if self._claims is None:
            raise ValueError(
                f"Expected a `fit` with this {self._owner} before `trace()` "
                "or `plot()`. Received: a callback that was never used."
            )
        end = self._control.updates()
        traced = {n: c.trace(end) for n, c in self._claims.items()}
        any_claim = next(iter(self._claims.values()))
        return {"step": any_claim.positions(end), **traced}

    def plot(self, ax=None):
        """Draws the curves of the latest `fit`; needs matplotlib.

        Args:
            ax: Axes to draw on. Defaults to `None`: new ones.

        Returns:
            The matplotlib Axes of the learning rate.
        """
        trace = self.trace()
        trace.pop("step")
        return plot_schedule(ax=ax, **trace)

    def length_is_known(self):
        """Whether `fit` knows how many epochs and batches it has."""
        return None not in (self.params.get("steps"), self.params.get("epochs"))

    def updates_of_fit(self, instead):
        """Returns how many updates this `fit` is going to make.

        Args:
            instead: What the user can pass to the callback instead, in words.

        Raises:
            ValueError: When the length of an epoch is unknown.
        """
        if not self.length_is_known():
            raise ValueError(
                f"Expected a `fit` of known length with {self._owner}. "
                "Received: data that does not tell how many batches it has. "
                f"Pass `steps_per_epoch` to `fit`, or {instead} to "
                f"{self._owner}."
            )
        steps, epochs = self.params["steps"], self.params["epochs"]
        optimizer = anatomy.innermost(self.model.optimizer)
        return epochs * steps // anatomy.accumulation_steps(optimizer)

    def _require_the_run(self):
        """Raises where the curves would no longer act, in silence."""
        if active_control(self.model) is not self._control:
            raise ValueError(
                f"Expected {self._owner} to be in the run that it began with. "
                "Received: an epoch after the call that began the callbacks "
                "has returned, or of another model. Use one callback for one "
                "`fit` at a time; in a custom loop, call `on_train_begin` in "
                "the function that runs the epochs."
            )

    def _require_updates(self):
        """Raises after an epoch in which the curves acted on nothing."""
        model = self.model
        skipped = anatomy.skips_updates(model.optimizer)
        if self._untrained == self._batches_trained() and not skipped:
            raise bad_value(
                "model.optimizer",
                model.optimizer,
                f"applied by the model's `train_step`, where {self._owner} "
                "schedules it",
                "It made no update in this epoch: nothing is trainable, or the "
                "train step has optimizers of its own (a GAN's), which can be "
                "given a `LearningRateSchedule` each.",
            )
        self._untrained = None

    def _batches_trained(self):
        return anatomy.batches_seen_so_far(
            anatomy.innermost(self.model.optimizer)
        )

    @property
    def _owner(self):
        return type(self).__name__

    def _start_curves(self, epoch):
        self._control.start(self._claims.values(), self._batches_before(epoch))

    def _batches_before(self, epoch):
        if epoch == 0:
            return 0
        steps = self.params.get("steps")
        if steps is None:
            raise bad_value(
                "initial_epoch",
                epoch,
                "0 where the data does not tell how many batches it has",
                "Pass `steps_per_epoch` to `fit`.",
            )
        return epoch * steps
