"""Weights of small magnitude, set to 0 for good while the others train on."""

import weakref

from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.backend.training.batch_loss import batches_counted
from keras_trainkit.callbacks.bases import fit_length
from keras_trainkit.callbacks.bases.instrument_callback import (
    InstrumentCallback,
)
from keras_trainkit.callbacks.bases.weights_after import refuse_later_weights
from keras_trainkit.compression.prunable import prunable_kernels
from keras_trainkit.compression.pruning_arguments import require_sparsity
from keras_trainkit.compression.pruning_arguments import schedule_of
from keras_trainkit.compression.pruning_masks import PruningMasks
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.sparsity.course import Course
from keras_trainkit.models.selection import require_selection
from keras_trainkit.probing.instrumented_fit import undone_batches


class MagnitudePruning(InstrumentCallback):
    """Prunes the smallest weights, more and more, inside the compiled step.

    Many networks keep their accuracy with a tenth of their weights, if these
    go on training while the others are taken out. After `n` updates, at each
    `frequency` of them from `start` to `end`, the weights of least magnitude
    are set to 0, so many that the share of zeros is

        target_sparsity * (1 - (1 - (n - start) / (end - start))^3)

    and from then on they stay exactly 0: through momentum, Adam, weight
    decay, constraints and averages of weights (`use_ema`), with mixed
    precision and gradient accumulation. No layer is wrapped; the model is
    the same model. The masks are data of the compiled step, so nothing is
    traced anew when they change; where two weights are equally small, the
    first one goes.

    Pruned are kernels: what layers make as weights with two or more axes,
    but for biases, embeddings, normalisation and learned activations. A kernel
    is pruned while it trains: one that is frozen stays as it is, and follows
    at the next update of the masks once it is thawed.

    Where the zeros are is kept in the weights alone: files hold nothing more.
    A `fit` that is resumed (`initial_epoch`, `BackupAndRestore`) goes on with
    the weights that are exactly 0. Another `fit` with the same callback
    begins its course anew, but what was pruned stays so. To hold the zeros of
    a pruned model in any other `fit`, pass its sparsity with `start=0, end=0`;
    without the callback they train again.

    List it before callbacks that write or watch logs: they get `sparsity`,
    the share of pruned weights among all that can be. List it behind those
    that end with weights of an earlier moment, which have fewer zeros:
    `EarlyStopping(restore_best_weights=True)`, `StochasticWeightAveraging`.

    Args:
        target_sparsity: Float above 0 and below 1, the share of zeros at the
            end. Defaults to `0.9`.
        start: Integer of at least 0, the first update after which weights are
            pruned, counted from the first epoch. Defaults to `0`.
        end: Integer of at least `start`, the update after which the target is
            reached. Defaults to `None`: after three quarters of the `fit`.
        frequency: Integer of at least 1, in updates. Defaults to `100`.
        schedule: `"cubic"`, or a callable from progress (0 at `start`, 1 at
            `end`) to the share of the target. Defaults to `"cubic"`.
        structure: Which weights are pruned together. `None`: the target holds
            for each kernel. `"global"`: it holds for all kernels together,
            with one threshold. `"2:4"`: two of four successive weights along
            the input axis of a matrix product, which some GPUs compute
            faster; `target_sparsity` has to be 0.5. `"filters"`: whole
            units of `Dense` and convolutional layers, by the l2 norm of their
            incoming weights, with their biases; never those of the output.
            Other layers stay dense with it. Defaults to `None`.
        exclude: Selection of layers that are left alone, as `models.select`
            takes it. Defaults to `None`: none.

    Attributes:
        sparsities: `{path: share of zeros}` of each pruned kernel, as of the
            end of the latest epoch.

    Raises:
        ValueError: At construction for values out of range. At the start of
            `fit`: where it is too short for `start`, or `end=None` and its
            length is unknown; where a layer that is not excluded has LoRA, is
            quantised, or does not fit the structure; with several replicas;
            where a callback behind it ends with earlier weights;
            for a model that is not built (but on TensorFlow) or a `train_step`
            that is compiled by hand. At the end of an epoch without an update
            by `model.optimizer`, or when by `end` nothing could be pruned.
        TypeError: For arguments of another type.

    Example:

    >>> model = keras.Sequential(
    ...     [keras.Input((8,)), keras.layers.Dense(4), keras.layers.Dense(1)]
    ... )
    >>> model.compile("adam", "mse")
    >>> pruning = ktk.callbacks.MagnitudePruning(0.75, frequency=2)
    >>> history = model.fit(
    ...     np.ones((32, 8)),
    ...     np.ones((32, 1)),
    ...     batch_size=4,
    ...     verbose=0,
    ...     callbacks=[pruning],
    ... )
    >>> history.history["sparsity"]
    [0.75]
    >>> int((keras.ops.convert_to_numpy(model.layers[0].kernel) == 0).sum())
    24

    Reference:

    - [Zhu and Gupta, 2017](https://arxiv.org/abs/1710.01878)
    - [Mishra et al., 2021](https://arxiv.org/abs/2104.08378), for 2:4
    - [Li et al., 2017](https://arxiv.org/abs/1608.08710), for filters
    """

    def __init__(
        self,
        target_sparsity=0.9,
        start=0,
        end=None,
        frequency=100,
        schedule="cubic",
        structure=None,
        exclude=None,
    ):
        super().__init__()
        require_sparsity("target_sparsity", target_sparsity, structure)
        require_integer("start", start, least=0)
        if end is not None:
            require_integer("end", end, least=start)
        require_integer("frequency", frequency, least=1)
        if exclude is not None:
            require_selection("exclude", exclude)
        self._curve = schedule_of(schedule)
        self.target_sparsity = target_sparsity
        self.start = start
        self.end = end
        self.frequency = frequency
        self.schedule = schedule
        self.structure = structure
        self.exclude = exclude
        self.sparsities = {}
        self._course = self._first_epoch = self._seen_before = None
        self._pruned_in = None

    def set_model(self, model):
        """Notes the optimizer's counter before any callback loads weights.

        Every `set_model` comes before any `on_train_begin`, so another count
        when the epochs begin is one that BackupAndRestore has loaded.
        """
        super().set_model(model)
        optimizer = getattr(model, "optimizer", None)
        self._seen_before = anatomy.batches_seen_if_known(optimizer)

    def make_instrument(self, model):
        """Returns what prunes in the step."""
        kernels = prunable_kernels(model, self.structure, self.exclude)
        before = self._pruned_before(model)
        return PruningMasks(
            model, kernels, self.structure, self._course, before
        )

    def can_be_used_again(self, instrument, model):
        """Whether the masks of the `fit` before serve this one."""
        kernels = prunable_kernels(model, self.structure, self.exclude)
        return instrument.fits(kernels, self._course)

    def on_train_begin(self, logs=None):
        """Puts the masks into the train step."""
        # Weights of an earlier moment have fewer zeros.
        refuse_later_weights(self, swaps=False, averages=True)
        self._first_epoch = None
        self._course = self._course_of_fit()
        self._shares = self._course.sparsities(
            self.target_sparsity, self._curve
        )
        super().on_train_begin(logs)

    def on_epoch_begin(self, epoch, logs=None):
        """Begins where the training is; a resumed one goes on."""
        super().on_epoch_begin(epoch, logs)
        self._calls, self._counted = 0, batches_counted(self._model)
        self._undone = undone_batches(self._model)
        if self._first_epoch is None:
            self._first_epoch = epoch
            if self._unbuilt is None:
                self._begin()

    def on_train_batch_begin(self, batch, logs=None):
        """Notes which weights train, where they may have changed."""
        super().on_train_batch_begin(batch, logs)
        if self._calls == 0 and self._unbuilt is None:
            self._instrument.lay_out_counts()

    def on_train_batch_end(self, batch, logs=None):
        """Notes that a step was made."""
        self._calls += 1

    def on_epoch_end(self, epoch, logs=None):
        """Adds the sparsity to the logs."""
        self._running.go_on()
        if not self._calls:
            return
        self._require_updates()
        self.sparsities, share = self._instrument.sparsity()
        self._require_effect(share)
        if logs is not None:
            logs["sparsity"] = share

    def on_train_end(self, logs=None):
        """Gives the model its own step back; the zeros stay."""
        # An optimizer may have given the weights other values at the end. On
        # JAX, asking for the model brings its state back.
        model = self.model
        if self._first_epoch is not None and model.built:
            self._instrument.apply()
        self._seen_before = None
        super().on_train_end(logs)

    def _pruned_before(self, model):
        """Returns what it has pruned in a model, other ones between or not."""
        if self._instrument is None:
            return []
        if self._pruned_in is None:
            # Not at construction: it cannot be pickled.
            self._pruned_in = weakref.WeakKeyDictionary()
        self._pruned_in[self._instrumented] = self._instrument.marked()
        return self._pruned_in.pop(model, [])

    def _course_of_fit(self):
        optimizer = anatomy.innermost(self.model.optimizer)
        end, updates = self.end, None
        if end is None or fit_length.length_is_known(self.params):
            updates = fit_length.updates_of_fit(
                self.params, optimizer, self._owner, "`end`"
            )
        if updates is not None and updates < max(self.start, 1):
            raise bad_value(
                "start",
                self.start,
                f"at most {updates}, the number of updates of this `fit`",
                "Nothing would be pruned.",
            )
        if end is None:
            end = updates * 3 // 4
            if end < self.start:
                raise bad_value(
                    "start",
                    self.start,
                    f"at most {end}, three quarters of the updates of this "
                    "`fit`, where `end` is None",
                    "Pass `end`, too.",
                )
        return Course(int(self.start), int(end), int(self.frequency))

    def _put_in(self):
        super()._put_in()
        if self._first_epoch is not None:
            self._begin()

    def _begin(self):
        batches = fit_length.batches_before(self.params, self._first_epoch)
        optimizer = anatomy.innermost(self._model.optimizer)
        position = batches // anatomy.accumulation_steps(optimizer)
        # A run that was killed within an epoch has pruned more than at the
        # beginning of that epoch, where the resumed one goes on.
        loaded = self._seen_before not in (
            None,
            anatomy.batches_seen_so_far(optimizer),
        )
        has_begun = self._first_epoch > 0 and position >= self.start
        self._instrument.begin(
            self._course,
            self._shares,
            position,
            resumed=loaded or has_begun,
        )

    def _require_updates(self):
        skips = anatomy.skips_updates(self._model.optimizer)
        undone = undone_batches(self._model) - self._undone
        made = batches_counted(self._model) != self._counted
        if made or skips or undone:
            return
        raise bad_value(
            "model.optimizer",
            type(self._model.optimizer).__name__,
            f"applied by the model's `train_step`, where {self._owner} counts "
            "the updates",
            "In this epoch it made none: the train step has optimizers of its "
            "own, or does not call the optimizer.",
        )

    def _require_effect(self, share):
        if share == 0 and self._instrument.is_past_end():
            raise bad_value(
                "model",
                self._model.name,
                f"one with kernels that train, with {self._owner}: by the end "
                "of its course nothing could be pruned",
                f"Frozen, or too small: {list(self.sparsities)}.",
            )
