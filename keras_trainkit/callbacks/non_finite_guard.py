"""Training that survives a loss or a gradient that is not finite."""

import math

from keras_trainkit.backend.devices.process import is_main_process
from keras_trainkit.backend.model.building import is_fully_built
from keras_trainkit.backend.training.running_fit import call_batch_hooks_in_turn
from keras_trainkit.callbacks.bases.instrument_callback import (
    InstrumentCallback,
)
from keras_trainkit.callbacks.bases.instrument_callback import remake
from keras_trainkit.diagnostics.faults import fault_in_words
from keras_trainkit.diagnostics.faults import fault_report
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.probing.finite_snapshot import FiniteSnapshot
from keras_trainkit.probing.finite_steps import COUNTED
from keras_trainkit.probing.finite_steps import FiniteSteps
from keras_trainkit.scheduling.active_fit import active_fit
from keras_trainkit.scheduling.learning_rate import LearningRate


class NonFiniteGuard(InstrumentCallback):
    """Undoes batches that are not finite, lowers the rate, and goes on.

    One overflow, or one row of NaN, ends most trainings: every weight is NaN
    after the next update. `keras.callbacks.TerminateOnNaN` stops then and
    leaves those weights. With this callback the compiled step itself, on
    every backend, keeps the state from before a batch whose loss (any `loss`
    or `..._loss` in the logs), gradient (before clipping) or statistic is NaN
    or infinite: weights, slots, statistics, counters, seeds and metrics, bit
    for bit. So the loss of the epoch is that of the batches that were kept,
    and NaN where none was: list the guard before callbacks that monitor it.
    Nothing is copied to the host for that. An error that a loss raises itself
    is out of its reach, as torch's binary cross-entropy of probabilities does
    on NaN (that of logits, `from_logits=True`, does not).

    After such a batch the learning rate is multiplied by `factor` for good,
    wherever it comes from: a number, a schedule given to `compile`, or the
    curve of a callback of this package in the same `fit`. If the next batch is
    not finite either, the weights are most likely past help already: then
    weights, statistics and slots are put back as they were when the epoch
    began (one copy on the host an epoch). After `max_faults` the training goes
    on, at the next one it is stopped; the weights are finite then, too.

    Batches that `LossScaleOptimizer` (mixed precision) skips, because the
    scaled gradients overflow, are no faults: it lowers its scale itself. A
    callback that sets the learning rate to a value of its own at each epoch
    (`keras.callbacks.LearningRateScheduler`) takes the lowering back.

    With `steps_per_execution` several batches are one call: each that is not
    finite is undone by itself, and the rate is lowered once.

    Args:
        factor: Float above 0 and at most 1. Defaults to `0.5`.
        max_faults: Integer of at least 0, how many are survived in a `fit`.
            Defaults to `5`.
        verbose: `1`, or `"auto"`, prints a line for every fault, and the
            report when the training is stopped. Defaults to `1`.

    Attributes:
        faults: List of dictionaries, one for each fault of the latest `fit`:
            `epoch`, `batch`, `kinds` (of `"loss"`, `"gradient"`,
            `"statistics"`, `"data"`), `undone`, `rates`, `restored`.
        stopped: Whether the latest `fit` was stopped.

    Raises:
        ValueError: At construction for values out of range; at the start of
            `fit` for weights that are not finite, for a learning rate that is
            a callable but no schedule, with several replicas, for a model that
            is not built (but on TensorFlow) or a `train_step` that is compiled
            by hand; at the end of an epoch in which the train step has shown
            neither a loss nor a gradient.
        TypeError: For arguments of another type.

    Example:

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.SGD(0.1), "mse")
    >>> x, y = np.ones((12, 2)), np.ones((12, 1))
    >>> x[5] = np.nan
    >>> guard = ktk.callbacks.NonFiniteGuard(factor=0.5, verbose=0)
    >>> history = model.fit(
    ...     x, y, batch_size=4, shuffle=False, verbose=0, callbacks=[guard]
    ... )
    >>> bool(np.isfinite(history.history["loss"]).all())
    True
    >>> guard.report().most_likely.topic
    'data'
    >>> round(float(model.optimizer.learning_rate), 6), guard.faults[0]["batch"]
    (0.05, 1)

    Reference:

    - [Micikevicius et al., 2018](https://arxiv.org/abs/1710.03740), section
      3.2, which skips steps with gradients that are not finite.
    """

    def __init__(self, factor=0.5, max_faults=5, verbose=1):
        super().__init__()
        require_number(
            "factor", factor, "above 0 and at most 1", lambda v: 0 < v <= 1
        )
        require_integer("max_faults", max_faults, least=0)
        require_choice("verbose", verbose, (0, 1, False, True, "auto"))
        self.factor = factor
        self.max_faults = max_faults
        self.verbose = verbose
        self.faults, self.stopped = [], False
        self._snapshot = None

    def report(self):
        """Returns a `diagnostics.Report` on the latest `fit`."""
        return fault_report(self.faults, self.stopped)

    def make_instrument(self, model):
        """Returns what undoes steps."""
        return FiniteSteps(model)

    def is_ready(self, model):
        """Whether the metrics are built, too: the step puts them back."""
        return is_fully_built(model)

    def on_train_begin(self, logs=None):
        """Puts the guard into the train step."""
        self.faults, self.stopped = [], False
        self._seen = dict.fromkeys(COUNTED, 0)
        self._last_fault, self._calls = None, 0
        self._kept, self._names = 0, ()
        model = self.model
        self._rate = LearningRate(model, f"{self._owner} {id(self)}")
        self._snapshot = FiniteSnapshot(model)
        super().on_train_begin(logs)
        call_batch_hooks_in_turn()

    def on_epoch_begin(self, epoch, logs=None):
        """Copies the state, to be put back if a whole part goes wrong."""
        super().on_epoch_begin(epoch, logs)
        self._epoch, model = epoch, self.model
        if self._unbuilt is None and model.built and self._calls:
            self._snapshot.take()

    def on_train_batch_end(self, batch, logs=None):
        """Looks whether batches were undone since the last time."""
        self._calls += 1
        self._names = tuple(logs or ())
        counts = self._instrument.counts()
        new = {name: counts[name] - self._seen[name] for name in COUNTED}
        self._seen = counts
        if new["undone"]:
            kinds = [name for name in COUNTED[1:] if new[name]]
            self._meet(batch, kinds, new["undone"])

    def on_epoch_end(self, epoch, logs=None):
        """Raises where the step has shown nothing to look at.

        Of an epoch whose batches were all undone the logs are NaN: Keras has
        the mean of no batch as 0, which would pass for the best loss.
        """
        self._running.go_on()
        seen_nothing = self._instrument is None or not self._instrument.sees
        if self._calls and seen_nothing:
            raise bad_value(
                "train_step",
                sorted(logs or {}),
                "one that returns a `loss`, or applies `model.optimizer`, so "
                f"that {self._owner} has something to look at",
                "Return the loss under the name `loss`.",
            )
        kept = self._instrument.kept() if self._calls else 0
        if logs is not None and self._calls and kept == self._kept:
            logs.update(dict.fromkeys(self._names, math.nan))
        self._kept = kept

    def on_train_end(self, logs=None):
        """Gives the model its own step back; the learning rate stays."""
        self._snapshot.forget()
        super().on_train_end(logs)

    def _put_in(self):
        super()._put_in()
        self._instrument.reset()
        bad = self._snapshot.take()
        if bad is not None:
            super().on_train_end()
            raise bad_value(
                "model",
                bad,
                "a model of finite numbers at the start of `fit` with "
                f"{self._owner}",
                "Load weights, or make the model anew: there is no state to "
                "go back to.",
            )

    def _meet(self, batch, kinds, undone):
        again = self._last_fault == self._calls - 1
        self._last_fault = self._calls
        # JAX keeps the state elsewhere within an epoch; this brings it back.
        model = self.model
        self.stopped = len(self.faults) >= self.max_faults
        restored = again and self._snapshot.put_back()
        fault = {
            "epoch": self._epoch,
            "batch": batch,
            "kinds": kinds,
            "undone": undone,
            "rates": None if self.stopped else self._lower(model),
            "restored": restored,
        }
        self.faults.append(fault)
        if self.stopped:
            model.stop_training = True
        if self.verbose and is_main_process():
            print(f"{self._owner}: {fault_in_words(fault)}")
            if self.stopped:
                print(self.report())

    def _lower(self, model):
        if self.factor == 1:
            return None
        before = self._rate.in_words()
        self._rate.scale(self.factor)
        if active_fit(model) is None and self._rate.is_compiled():
            remake(model)
        return before, self._rate.in_words()
