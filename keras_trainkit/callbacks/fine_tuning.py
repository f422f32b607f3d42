"""Gradual unfreezing of a pretrained model inside one `fit`."""

import math
from functools import partial

import keras

from keras_trainkit.backend.devices.data_parallel import require_averaged
from keras_trainkit.backend.devices.distribution import refuse_impossible
from keras_trainkit.backend.devices.distribution import refuse_to_be_worker
from keras_trainkit.backend.devices.process import is_main_process
from keras_trainkit.backend.model.building import built_in_first_step
from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import is_integer
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.models.flags import flags_or_nothing
from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.models.selection import selected
from keras_trainkit.models.stages import plan_stages
from keras_trainkit.models.stages import trainable_counts
from keras_trainkit.models.stages import trained_in_stages
from keras_trainkit.scheduling.before_first_step import BeforeFirstStep
from keras_trainkit.scheduling.learning_rate import LearningRate
from keras_trainkit.scheduling.resuming import LateLoad
from keras_trainkit.scheduling.trainable_set import build_optimizer
from keras_trainkit.scheduling.trainable_set import reform_optimizer

_OWNER = "FineTuning"


class FineTuning(keras.callbacks.Callback):
    """Freezes reused layers, trains the head, unfreezes, lowers the rate.

    The textbook recipe of transfer learning in one `fit`, with no `compile`
    in between: a new head on a pretrained model first trains alone, so that
    its large early gradients do not wreck the reused weights; then layers are
    unfrozen and training goes on with a smaller learning rate.

    At a stage the trainable flags are set, the optimizer is re-formed over
    the variables that train now (what it remembers of those that stay is
    kept; frozen variables have no slots), the learning rate is multiplied,
    and the compiled step is rebuilt. With `callbacks.OneCycle` in the same
    `fit`, or an optimizer compiled with a schedule, the factor multiplies the
    curve. Flags and learning rate stay at the last stage when `fit` ends; the
    next `fit` with this callback starts from its first stage and from the
    learning rate found.

    A selection names layers. What was frozen as a single variable inside a
    layer stays so in every stage: the kernel below `enable_lora`, quantised
    weights, and what `variable.trainable = False` has frozen; set the
    variable's own flag to true to train it (below LoRA nothing does). Frozen
    layers do not change their state either: `BatchNormalization`,
    `SpectralNormalization`, and the buffers of torch modules.

    With `keras.callbacks.BackupAndRestore` in the same `fit`, at any place, a
    killed script that is run again goes on in its stage, with the optimizer's
    state, as if it had not been killed. It has to create the model and the
    optimizer again.

    In a loop of one's own over a model in torch's `DistributedDataParallel`,
    wrap the model while all that any stage trains is trainable, and with
    `find_unused_parameters=True`; anything else is an error.

    Keras saves the flags of layers in functional and Sequential models, not
    of those that a subclassed model makes itself: after loading one of these,
    call `transfer.unfreeze` or `transfer.freeze` before training on.

    Args:
        stages: Dictionary `{epoch: selection}`; epochs count from 0. A stage
            adds its selection to those before it; what no stage has named yet
            is frozen. Without an epoch 0 the layers that are trainable when
            `fit` begins are the first stage. A selection is `"all"`, an int
            (the last n layers with weights), a shell pattern or a list of
            them on the layer path, or a callable `layer -> bool`; see
            `models.select`.
        learning_rate_factor: Finite float above 0: at every stage but the
            first the learning rate is multiplied by it. With many stages,
            whose factors multiply, and in short runs with SGD, 0.3 or 1.0 can
            be better. Defaults to `0.1`.
        batch_norm: `"inference"` keeps every `BatchNormalization` (Keras's,
            and torch's in a `TorchModuleWrapper`) outside the first stage's
            selection frozen and in inference mode for good, as its
            statistics belong to the data it was pretrained on;
            `"follow"` treats it as the other layers. Defaults to
            `"inference"`.
        verbose: `1`, or `"auto"`, prints a line at every stage. Defaults to
            `0`.

    Raises:
        ValueError: At construction for values out of range; at the start of
            `fit` for a selection that matches nothing, an epoch that this
            `fit` does not reach, a first stage that trains nothing, an
            optimizer that cannot be re-formed, a backup of a run with other
            stages, or gradients that DistributedDataParallel would not
            average. Where the model is not built yet, on TensorFlow,
            errors about stages come right before the first step.
        TypeError: At construction for arguments of another type.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(3, name="reused"),
    ...         keras.layers.Dense(1, name="head"),
    ...     ]
    ... )
    >>> model.compile(keras.optimizers.SGD(0.1), "mse")
    >>> history = model.fit(
    ...     np.ones((8, 4)),
    ...     np.ones((8, 1)),
    ...     epochs=3,
    ...     verbose=0,
    ...     callbacks=[ktk.callbacks.FineTuning({0: "head", 2: "all"})],
    ... )
    >>> [layer.trainable for layer in model.layers]
    [True, True]
    >>> round(float(model.optimizer.learning_rate), 6)
    0.01

    Reference:

    - [Howard and Ruder, 2018](https://arxiv.org/abs/1801.06146)
    """

    def __init__(
        self,
        stages,
        learning_rate_factor=0.1,
        batch_norm="inference",
        verbose=0,
    ):
        super().__init__()
        refuse_to_be_worker(type(self).__name__)
        self.params = {}  # a custom loop may not set any
        _check_stages(stages)
        require_number(
            "learning_rate_factor",
            learning_rate_factor,
            "a finite number above 0",
            lambda v: 0 < v < float("inf"),
        )
        require_choice("batch_norm", batch_norm, ("inference", "follow"))
        require_choice("verbose", verbose, (0, 1, False, True, "auto"))
        self.stages = stages
        self.learning_rate_factor = learning_rate_factor
        self.batch_norm = batch_norm
        self.verbose = verbose
        self._plan = None
        self._tree = None
        self._unbuilt = None
        self._waiting = None
        self._reached = None
        self._counted = None
        self._rate = None

    def set_model(self, model):
        """Keeps what BackupAndRestore is about to load for its stage."""
        super().set_model(model)
        self._late_load = LateLoad(model)

    def on_train_begin(self, logs=None):
        """Works out what every stage trains; changes nothing yet."""
        refuse_impossible(self)
        model = self.model
        self._rate = LearningRate(model, _OWNER)
        epochs = self.params.get("epochs")
        if epochs is not None and max(self.stages) >= epochs:
            raise bad_value(
                "stages",
                self.stages,
                f"for epochs that this `fit` reaches: 0 to {epochs - 1}",
            )
        self._plan = self._reached = self._unbuilt = self._waiting = None
        self._counted = None
        # A `build` that is not overridden may mark as built what is not.
        if model.built and model.weights:
            self._make_plan()
        elif built_in_first_step():
            self._unbuilt = BeforeFirstStep(model, self._begin_late)
        else:
            raise bad_value(
                "model",
                model.name,
                "built before the training with FineTuning",
                "Call it on a batch of data, so that its layers are known.",
            )

    def on_epoch_begin(self, epoch, logs=None):
        """Enters the stage of this epoch, if it is a new one."""
        if self._counted is None:
            self._counted = self._batches_trained()
        if self._unbuilt is None:
            self._enter(epoch)
        else:
            self._waiting = epoch

    def on_train_batch_begin(self, batch, logs=None):
        """Comes before the step in which TensorFlow would build the model."""
        if self._unbuilt is not None:
            self._unbuilt.stand_by()

    def on_epoch_end(self, epoch, logs=None):
        """Raises where no stage was entered, or had no effect."""
        if self._unbuilt is not None:
            raise bad_value(
                "model",
                self.model.name,
                "built before the training with FineTuning, or trained by "
                "`fit`",
                "Call it on a batch of data first. An epoch has ended without "
                "a call of the model's train function.",
            )
        self._require_updates()

    def on_train_end(self, logs=None):
        """Forgets the run; flags and learning rate are its result."""
        if self._plan is not None and self._reached is None:
            # A run that was killed after its last epoch has none left.
            self._take_up(self.params.get("epochs", max(self.stages)))
        self._plan = self._reached = self._tree = self._unbuilt = None
        innermost = anatomy.innermost(self.model.optimizer)
        anatomy.unshare_averages(innermost)

    def _require_updates(self):
        """Raises where another optimizer has trained, since the run began.

        Not epoch by epoch: data that ran out leaves later epochs empty.
        """
        optimizer = self.model.optimizer
        made = self._batches_trained() - self._counted
        if not made and not anatomy.skips_updates(optimizer):
            raise bad_value(
                "model.optimizer",
                optimizer,
                "applied by the model's `train_step`, where FineTuning "
                "re-forms it and lowers its learning rate",
                "It has made no update in this run: the train step has "
                "optimizers of its own (a GAN's). Freeze by "
                "`transfer.freeze` before `compile` instead.",
            )

    def _batches_trained(self):
        innermost = anatomy.innermost(self.model.optimizer)
        return anatomy.batches_seen_so_far(innermost)

    def _make_plan(self):
        tree = self._tree = LayerTree(self.model)
        self._plan = plan_stages(
            tree,
            {e: selected(tree, s) for e, s in self.stages.items()},
            hold_batch_norm=self.batch_norm == "inference",
        )
        self._require_averaged()

    def _require_averaged(self):
        stages = partial(trained_in_stages, self._tree, self._plan)
        require_averaged(self, stages)

    def _begin_late(self):
        self._unbuilt = None
        self._make_plan()
        self._enter(self._waiting)

    def _enter(self, epoch):
        before = self._reached
        if before is None:
            self._take_up(epoch)
        stage = self._stage_of(epoch)
        if stage != self._reached:
            self._form(stage)
            if self._reached is None:
                self._rate.begin(self._lowered(stage))
            else:
                self._rate.scale(self._lowered(stage - self._reached))
            self._reached = stage
        if self.verbose and before != stage and is_main_process():
            print(
                f"FineTuning: epoch {epoch}: {trainable_counts(self._tree)} "
                f"train, learning rate {self._rate.in_words()}"
            )

    def _stage_of(self, epoch):
        return max(i for i, s in enumerate(self._plan) if s.epoch <= epoch)

    def _take_up(self, epoch):
        """Loads the optimizer's state of a backup, in the stage it is of."""
        if not self._late_load.take():
            return
        # After an epoch, or within this one: `save_freq` of BackupAndRestore.
        after, within = self._stage_of(max(epoch - 1, 0)), self._stage_of(epoch)
        for stage in dict.fromkeys((after, within)):
            self._form(stage)
            last = stage == within
            if self._late_load.load_into(self.model.optimizer, not last):
                self._rate.restore(self._lowered(stage))
                self._reached = stage
                return

    def _form(self, stage):
        # A loop may have wrapped the model since the run began.
        self._require_averaged()
        model = self.model
        build_optimizer(model)
        with flags_or_nothing(self._tree):
            self._plan[stage].set_flags(self._tree)
            if not model.trainable_weights:
                raise bad_value(
                    "stages", self.stages, "stages that train a weight each"
                )
            reform_optimizer(model)

    def _lowered(self, stages):
        """Returns the factor of so many stages, as passed one by one."""
        return math.prod([self.learning_rate_factor] * stages)


def _check_stages(stages):
    if not isinstance(stages, dict):
        raise bad_type("stages", stages, "a dictionary {epoch: selection}")
    if not stages:
        raise bad_value("stages", stages, "a dictionary with a stage in it")
    for epoch in stages:
        if not is_integer(epoch):
            raise bad_type("stages", stages, "a dictionary with int epochs")
        if epoch < 0:
            raise bad_value("stages", stages, "epochs of at least 0")
