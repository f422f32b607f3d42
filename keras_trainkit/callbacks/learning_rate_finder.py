"""A learning-rate search as a run of `fit` that leaves no trace."""

from functools import partial

from keras_trainkit.backend.devices.data_parallel import refuse_ranks
from keras_trainkit.backend.devices.distribution import refuse_impossible
from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.backend.training.batch_loss import batches_counted
from keras_trainkit.backend.training.batch_loss import log_each_batch
from keras_trainkit.backend.training.running_fit import call_batch_hooks_in_turn
from keras_trainkit.callbacks.bases.scheduled_callback import ScheduledCallback
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.curves import geometric_rise as rise
from keras_trainkit.scheduling import search_checks as checks
from keras_trainkit.scheduling.learning_rate_search import LearningRateSearch
from keras_trainkit.scheduling.loss_recording import LossRecording
from keras_trainkit.scheduling.snapshot import TrainingSnapshot


class LearningRateFinder(ScheduledCallback):
    """Searches for a learning rate in one `fit` and puts the model back.

    The learning rate rises geometrically from update to update,

    `rate(i) = min_lr * (max_lr / min_lr) ** (i / (steps - 1))`,

    inside the compiled step, while the loss of each batch is recorded (Keras's
    logs hold the mean since the epoch began). The `fit` ends after `steps`
    updates, or when the loss diverges; then weights, optimizer, metrics,
    compiled functions and random states are what they were when `fit` called
    the callback first, and `result` holds the curve. The `fit` is the search
    and nothing else: use no other callback that schedules, saves or freezes.

    `keras_trainkit.tuning.find_learning_rate` makes the `fit` itself, and
    also puts back what that `fit` changes before it calls a callback
    (`model.history`, draws of the data pipeline), and after an exception.
    Where `fit` with this callback is left by an exception or an interrupt,
    Keras calls no hook: call `put_back()`.

    With `gradient_accumulation_steps` a step is an update and its loss the
    mean over its batches.

    Args:
        min_lr: Float above 0, the first learning rate. Defaults to `1e-7`.
        max_lr: Float above `min_lr`, the last one. Defaults to `10.0`.
        steps: Integer of at least 2, how many updates. Defaults to `100`.
        early_stop_threshold: Float above 1: the loss has diverged when its
            average is this many times its best, and above the first (for
            negative losses: above the best by as much as that would be).
            `None` stops only at a loss that is not finite. Defaults to `4.0`.
        smoothing: Float in [0, 1), the share of the old in the averages that
            the suggestions read. Defaults to `0.9`.

    Attributes:
        result: The `keras_trainkit.tuning.LearningRateSearch`:
            `learning_rates`, `losses` and `smoothed_losses` as NumPy arrays,
            `suggestion(method)` and `plot()`; `None` before the first `fit`
            has ended.

    Raises:
        ValueError: At construction for values that describe no search; at the
            start of `fit` when the optimizer has no plain learning rate, with
            `steps_per_execution` above 1 (the losses between are not known),
            when `fit` is too short, when another callback schedules or
            freezes in it, or when the last one died and was not put back; at
            the end when the data ran out, or when the loss was not finite
            before any update; in a loop of one's own when updates
            are made that the rates do not reach.
        TypeError: For arguments of another type.

    Example:

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.SGD(0.01), "mse")
    >>> x, y = np.ones((40, 2)), np.ones((40, 1))
    >>> finder = ktk.callbacks.LearningRateFinder(1e-4, 1e-2, steps=5)
    >>> history = model.fit(
    ...     x, y, batch_size=8, verbose=0, callbacks=[finder]
    ... )
    >>> finder.result.learning_rates.round(6).tolist()
    [0.0001, 0.000316, 0.001, 0.003162, 0.01]
    >>> int(model.optimizer.iterations)
    0

    Reference:

    - [Smith, 2017](https://arxiv.org/abs/1506.01186)
    """

    def __init__(
        self,
        min_lr=1e-7,
        max_lr=10.0,
        steps=100,
        early_stop_threshold=4.0,
        smoothing=0.9,
    ):
        super().__init__()
        rise.check_arguments(
            min_lr, max_lr, steps, early_stop_threshold, smoothing
        )
        self.min_lr = min_lr
        self.max_lr = max_lr
        self.steps = steps
        self.early_stop_threshold = early_stop_threshold
        self.smoothing = smoothing
        self.result = None
        self._state, self._state_is_older = None, False
        self._searching = False

    def curves(self, optimizer):
        """Returns the learning rate's curve."""
        curve = partial(rise.rise, self.min_lr, self.max_lr, self.steps)
        return {"learning_rate": curve}

    def remember(self, model, data=None):
        """Takes the snapshot that `put_back` goes back to.

        The callback does it itself when `fit` calls it first; do it before
        `fit` to go back further.

        Args:
            model: The compiled `keras.Model` that is going to be searched.
            data: What `fit` will be given as `x`: the generators of a torch
                `DataLoader` are put back, too. Defaults to `None`.

        Raises:
            ValueError: Inside a `fit` that another callback schedules.
        """
        checks.refuse_other_schedules(model)
        self._state = TrainingSnapshot(model, data)
        self._state_is_older = True

    def put_back(self):
        """Puts the model back as it was; without a snapshot nothing happens.

        The callback does it itself at the end of `fit`.
        """
        if self._state is not None:
            self._state.restore()
        self._state, self._state_is_older = None, False
        self._searching = False

    def set_model(self, model):
        """Takes the snapshot before any callback acts."""
        if self._searching and not self._state_is_older:
            # Only the user knows what has been done to the model since.
            raise ValueError(
                f"Expected a {self._owner} whose last `fit` has ended. "
                "Received: one whose `fit` died in the middle of the search. "
                "Call `put_back()` for the model as it was before, or make "
                f"another {self._owner} for the model as it is."
            )
        super().set_model(model)
        self._searched = self.model
        if not self._state_is_older:
            self._state = TrainingSnapshot(self._searched)

    def on_train_begin(self, logs=None):
        """Takes the learning rate over."""
        model = self._searched
        refuse_ranks(  # First: what follows advises for a `fit`.
            self,
            "It decides from the losses of one rank",
            "Search before wrapping the model, with a batch as large as those "
            "of all ranks together.",
        )
        refuse_impossible(self)
        checks.refuse_other_schedules(model)
        self._check_fit(model)
        if self._state is None:
            self._state = TrainingSnapshot(model)
        self._state.include_new()
        call_batch_hooks_in_turn()
        super().on_train_begin()
        self._flags = checks.HeldFlags(model, self._owner)
        self._counted = batches_counted(model)
        self._skips = anatomy.skips_updates(model.optimizer)
        inner = anatomy.innermost(model.optimizer)
        self._recording = LossRecording(
            self.steps,
            anatomy.accumulation_steps(inner),
            self._counted,
            self.smoothing,
            self.early_stop_threshold,
        )

    def on_epoch_begin(self, epoch, logs=None):
        """Starts the curve, and notes where the epoch's batches begin."""
        super().on_epoch_begin(epoch)
        self._batches = 0
        if not self._searching:
            # Not before: the next callback may refuse to begin.
            self._flags.check()
            checks.refuse_other_schedules(self._searched, self._owner)
            self._searching = True
            log_each_batch(self._searched, self._state.include_new)
            self._curves.trace_anew()

    def on_train_batch_end(self, batch, logs=None):
        """Records the loss of this batch; ends the search when it is over."""
        loss = (logs or {}).get("loss")
        if loss is None:
            raise bad_value(
                "logs",
                sorted(logs or {}),
                'the logs of a step with a "loss"',
                "Let `train_step` return the loss under this name.",
            )
        self._batches += 1
        self._counted += 1
        if self._skips:
            # To ask at every batch would cost a tenth of a step.
            self._counted = batches_counted(self._searched)
        elif self._batches == 1:
            self._check_count()
        if self._batches == 1:
            self._flags.check()
        self._recording.add(float(loss), self._counted)
        if self._recording.over:
            self._searched.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        """Ends the search where an epoch had no data left."""
        super().on_epoch_end(epoch, logs)
        self._counted = batches_counted(self._searched)
        self._recording.resume(self._counted)
        if self._recording.over or not self._batches:
            self._searched.stop_training = True

    def on_train_end(self, logs=None):
        """Puts the model back and makes the result."""
        try:
            super().on_train_end()
        finally:
            self.put_back()
        recording = self._recording
        if not recording.over:
            raise checks.data_ran_out(self.steps, len(recording.losses))
        checks.refuse_first_loss(recording.losses[0])
        self.result = LearningRateSearch(
            rise.rates(self.min_lr, self.max_lr, self.steps)[
                recording.positions
            ],
            recording.losses,
            self.smoothing,
            self.early_stop_threshold,
        )

    def plot(self, ax=None):
        """Draws the result, see there; needs matplotlib."""
        if self.result is None:
            raise ValueError(
                f"Expected a `fit` with this {self._owner} before `plot()`. "
                "Received: a callback without a result."
            )
        return self.result.plot(ax)

    def _check_count(self):
        model = self._searched
        counted = batches_counted(model)
        if counted != self._counted:
            checks.refuse_count(model, counted, self._counted, self._owner)

    def _check_fit(self, model):
        checks.refuse_several_steps_a_call(model, self._owner)
        if self.params.get("steps") is None:
            return
        if not self.params["steps"]:
            raise checks.data_ran_out(self.steps, 0)
        updates = self.updates_of_fit("steps")
        if updates < self.steps:
            raise bad_value(
                "steps",
                self.steps,
                f"at most the {updates} updates of this `fit`",
                "Train for more epochs.",
            )

    def _batches_before(self, epoch):
        # A search does not resume: it begins at the first epoch of the `fit`.
        return 0
