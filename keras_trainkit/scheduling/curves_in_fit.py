"""The curves that one callback has in one `fit`."""

from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.backend.training.train_function import is_compiled_by_hand
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.scheduling.active_fit import active_fit
from keras_trainkit.scheduling.learning_rate import found_rate
from keras_trainkit.scheduling.scheduled_fit import join_fit

_RATE = "learning_rate"


class CurvesInFit:
    """Takes curves for one callback, starts, checks and gives them back.

    Args:
        owner: Name of the callback.
        model: A compiled `keras.Model` whose `fit` begins.
        rate_before: Its plain learning rate as it was before any callback of
            the `fit` acted; `None` where it has a schedule.

    Raises:
        ValueError: When the model's `train_step` is compiled by hand.
    """

    def __init__(self, owner, model, rate_before):
        self.owner = owner
        self._model = model
        self._rate_before = rate_before
        self._refuse_compiled_by_hand()
        self._run = join_fit(model)
        self._own = {}
        self._shown = {}
        self._epochs = 0
        self._resumed = False

    def take(self, curves):
        """Takes `{hyperparameter: curve}`; all of them or none.

        Raises:
            ValueError: When another callback has one, or the optimizer does
                not use it.
        """
        try:
            for name, curve in curves.items():
                self._own[name] = self._run.claim(self.owner, name, curve)
        except ValueError:
            self._run.release(self._own.values())
            raise
        self._shown = self._own
        if _RATE in curves and self._rate_before is not None:
            self._run.optimizer.set_base(self._rate_before)

    def take_found_rate(self):
        """Takes the learning rate as it is, unless a callback has it."""
        run = self._run
        if _RATE not in run.claims:
            curve = found_rate(run.optimizer.inner, self._rate_before)
            self._own[_RATE] = run.claim_found(self.owner, curve)
            if self._rate_before is not None:
                run.optimizer.set_base(self._rate_before)
        self._show_rate()

    def begin_epoch(self, batches_before):
        """Begins an epoch, the first one also the curves.

        Args:
            batches_before: Callable that tells how many batches of the run
                were trained in epochs before this one, or `None` for a rate
                that was found: it began with the optimizer.
        """
        self._require_the_run()
        run = self._run
        run.running.go_on()
        if self._epochs:
            run.refuse_unscheduled()
        else:
            before = None if batches_before is None else batches_before()
            self._resumed = bool(before)
            run.start(self._own.values(), before)
            if batches_before is None:
                self._show_rate()
        self._epochs += 1
        run.applied.begin(run.counter.batches())

    def end_epoch(self, logs, steps, one_update_per_batch):
        """Checks that the curves acted, and adds their last values to logs.

        Args:
            logs: Dictionary or `None`.
            steps: Batches in an epoch as `fit` tells them, or `None`.
            one_update_per_batch: Whether the curves were laid out for it.
        """
        self._require_the_run()
        self._run.running.go_on()
        self._run.optimizer.refuse_foreign_changes()
        self._run.refuse_unscheduled()
        self._require_updates()
        if one_update_per_batch or self._resumed:
            self._require_one_update_per_batch(steps)
        if logs is not None:
            for name in self._shown:
                logs[name] = self._run.last_value(name)

    def may_validate(self):
        """Whether `fit` was given data to validate on; a loop may have any."""
        running = self._run.running
        data = running.argument("validation_data")
        return data is not None or not running.in_keras()

    def trace_anew(self):
        """Lets the step be compiled anew, with a train step changed since."""
        self._run.follow_train_step()

    def end(self):
        """Gives the hyperparameters back.

        Raises:
            ValueError: When updates were made that no curve was in.
        """
        try:
            if active_fit(self._model) is self._run:
                self._run.refuse_unscheduled()
        finally:
            self._run.release(self._own.values())

    def trace(self):
        """Returns `{"step": positions, hyperparameter: values}`."""
        self._run.refuse_unscheduled()
        end = self._run.counter.updates()
        any_claim = next(iter(self._shown.values()))
        values = {n: claim.trace(end) for n, claim in self._shown.items()}
        return {"step": any_claim.positions(end), **values}

    def _show_rate(self):
        """Notes whose learning rate it is; it may change until epoch 0."""
        self._shown = {_RATE: self._run.claims[_RATE]}

    def _refuse_compiled_by_hand(self):
        if is_compiled_by_hand(self._model):
            raise ValueError(
                "Expected a `train_step` that Keras compiles, with "
                f"{self.owner}. Received: one that is decorated "
                "(`tf.function`, `jax.jit`) and would keep the curves of this "
                "run for good. Take the decorator off: `fit` compiles the step."
            )

    def _require_the_run(self):
        """Raises where the curves would no longer act, in silence."""
        if active_fit(self._model) is not self._run:
            raise ValueError(
                f"Expected {self.owner} to be in the run that it began with. "
                "Received: an epoch of another model, or after the function "
                "that began the callbacks was left by an exception. Use one "
                "callback for one `fit` at a time; in a custom loop, call "
                "`on_train_begin` for every run."
            )

    def _require_updates(self):
        """Raises after an epoch in which the curves acted on nothing."""
        model, run = self._model, self._run
        # Data that ran out leaves later epochs without a step.
        tried = self._epochs == 1 or run.applied.tried()
        skips = anatomy.skips_updates(model.optimizer)
        if run.applied.made(run.counter.batches()) or skips or not tried:
            return
        if model.trainable_variables:
            raise bad_value(
                "model.optimizer",
                model.optimizer,
                f"applied by the model's `train_step`, where {self.owner} "
                "schedules it",
                "It made no update in this epoch: the train step has "
                "optimizers of its own (a GAN's), which can be given a "
                "`LearningRateSchedule` each, or a loop of one's own keeps "
                "the optimizer's state elsewhere (`stateless_apply`).",
            )
        if not all(claim.constant() for claim in self._shown.values()):
            raise ValueError(
                f"Expected a model that trains, with {self.owner}. Received: "
                "one in which nothing is trainable, so there was no update "
                "to schedule. Unfreeze a layer, or leave the callback out."
            )

    def _require_one_update_per_batch(self, steps):
        run = self._run
        times = run.applied.per_batch(
            run.counter.batches(), steps, self._model.steps_per_execution
        )
        # A batch that loss scaling skips is not counted.
        skips = anatomy.skips_updates(self._model.optimizer)
        if times > 1 or (times < 1 and not skips):
            raise ValueError(
                f"Expected a train step that applies the optimizer once to "
                f"each batch, with the curves of {self.owner} laid out over "
                f"the batches of `fit`. Received: one that applies it "
                f"{times:g} times, so the curves run {times:g} times as fast "
                "as they should. Give their length in updates: `total_steps` "
                "of OneCycle, or schedules with unit='update'."
            )
