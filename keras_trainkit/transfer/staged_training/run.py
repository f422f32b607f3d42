"""Training in two stages."""

import contextlib
from functools import partial

import keras

from keras_trainkit.backend.devices.process import shown
from keras_trainkit.backend.model.flagged_variables import flagged_variables
from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.backend.training.lent_optimizer import wrapped_optimizer
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.curves.one_cycle import fewest_steps
from keras_trainkit.models.flags import flags_or_nothing
from keras_trainkit.models.flags import read_flags
from keras_trainkit.models.flags import write_flags
from keras_trainkit.models.frozen_alone import frozen_alone
from keras_trainkit.models.groups import groups
from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.models.selection import selected
from keras_trainkit.models.stages import plan_stages
from keras_trainkit.models.stages import trainable_counts
from keras_trainkit.optimizers.layer_decay import layer_decay as decayed
from keras_trainkit.optimizers.layerwise_learning_rate import (
    LayerwiseLearningRate,
)
from keras_trainkit.scheduling.trainable_set import build_optimizer
from keras_trainkit.scheduling.trainable_set import reform_optimizer
from keras_trainkit.transfer.frozen_trunk.cacheability import CannotCache
from keras_trainkit.transfer.staged_training.history import Stage
from keras_trainkit.transfer.staged_training.history import StagedHistory
from keras_trainkit.transfer.staged_training.rates import AFTER_UNFREEZING
from keras_trainkit.transfer.staged_training.rates import OneCycleOfStage
from keras_trainkit.transfer.staged_training.rates import searched_rate

_NAMES = ("head", "all")
_ORIGINS = {
    "given": "as given",
    "search": "found by a search",
    "head": "after that of the head",
}


class StagedRun:
    """One call of `fine_tune`.

    Args:
        model: A compiled and built `keras.Model`.
        data: A `TrainingData`.
        callbacks: A `UserCallbacks`.
        head_epochs: Integer.
        epochs: Integer.
        verbose: As in `fit`.

    Raises:
        ValueError: If nothing trains, or a stage is too short for a cycle.
    """

    def __init__(self, model, data, callbacks, head_epochs, epochs, verbose):
        self._model, self._data, self._callbacks = model, data, callbacks
        self._tree = LayerTree(model)
        self._bounds = [0, head_epochs, epochs]
        if head_epochs == epochs:
            del self._bounds[1]
        self._verbose = verbose
        self._history = StagedHistory()
        self.stages = plan_stages(
            self._tree,
            _selections(self._tree, self._bounds[:-1]),
            hold_batch_norm=True,
        )
        self._require_cycles()

    def run(self, learning_rate, layer_decay, cache, memory_limit):
        """Trains; see `fine_tune` for the arguments.

        Returns:
            The `StagedHistory`.
        """
        multipliers = None
        if layer_decay is not None:
            _refuse_own_rates(self._model.optimizer, layer_decay)
            multipliers = decayed(self._model, layer_decay)
        with self._found_flags_after_errors():
            rate = learning_rate
            for place in range(len(self.stages)):
                if place and learning_rate != "auto":
                    rate = AFTER_UNFREEZING * learning_rate
                self.enter(place)
                self._stage(
                    place,
                    rate,
                    multipliers if place else None,
                    False if place else cache,
                    memory_limit,
                )
                if self._model.stop_training:
                    break
            self._callbacks.end(self._last_logs())
        return self._history

    def _stage(self, place, rate, multipliers, cache, memory_limit):
        with contextlib.ExitStack() as stack:
            if multipliers is not None:
                wrap = partial(LayerwiseLearningRate, multipliers=multipliers)
                stack.enter_context(wrapped_optimizer(self._model, wrap))
            data, watches, reason = self._data.raw(), [], None
            if cache:
                try:
                    *data, watch = stack.enter_context(
                        self._data.cached(self._model, memory_limit)
                    )
                    watches = [watch]
                except CannotCache as error:
                    if cache is True:
                        raise
                    reason = error.reason
            origin, search = ("head" if place else "given"), None
            if rate == "auto":
                rate, origin, search = searched_rate(
                    self._model, data[0], self._head_rate()
                )
            cached = bool(cache) and reason is None
            first = self._bounds[place]
            self._begin(
                Stage(
                    _NAMES[place], first, rate, origin, search, cached, reason
                )
            )
            self._fit(place, data, rate, watches)

    def _fit(self, place, data, rate, watches):
        training, validation = data
        first, end = self._bounds[place : place + 2]
        with self._callbacks.in_a_stage() as callbacks:
            self._model.fit(
                **training,
                **validation,
                initial_epoch=first,
                epochs=end,
                verbose=shown(self._verbose),
                callbacks=[
                    OneCycleOfStage(rate, first),
                    *callbacks,
                    self._history,
                    *watches,
                ],
            )

    def enter(self, place):
        """Sets what the stage trains, and forms the optimizer for it."""
        build_optimizer(self._model)
        with flags_or_nothing(self._tree):
            self.stages[place].set_flags(self._tree)
            reform_optimizer(self._model)

    @contextlib.contextmanager
    def _found_flags_after_errors(self):
        found = read_flags(self._tree)
        try:
            yield
        except BaseException:
            write_flags(self._tree, found)
            reform_optimizer(self._model)
            raise

    def _require_cycles(self):
        optimizer = anatomy.innermost(self._model.optimizer)
        anatomy.attribute_of(optimizer, "learning_rate", "`fine_tune`")
        per_update = anatomy.accumulation_steps(optimizer)
        pairs = zip(self._bounds, self._bounds[1:], strict=False)
        least = min(b - a for a, b in pairs) * self._data.steps // per_update
        if least < fewest_steps(three_phase=True):
            raise bad_value(
                "epochs",
                self._bounds[-1],
                f"such that each stage has {fewest_steps(three_phase=True)} "
                "updates for a cycle",
                f"The shortest has {least}. Take more epochs or a smaller "
                "batch.",
            )

    def _head_rate(self):
        stages = self._history.stages
        return stages[0].learning_rate if stages else None

    def _begin(self, stage):
        self._history.stages.append(stage)
        if not shown(self._verbose):
            return
        cached = ", on cached features" if stage.cached else ""
        print(
            f"fine_tune: stage {stage.name!r} from epoch "
            f"{stage.first_epoch + 1}: {trainable_counts(self._tree)} train, "
            f"learning rate {stage.learning_rate:.2g} "
            f"({_ORIGINS[stage.origin]}){cached}"
        )
        if stage.not_cached:
            print(f"fine_tune: no cached features, as {stage.not_cached}")

    def _last_logs(self):
        return {k: v[-1] for k, v in self._history.history.items()}


def _selections(tree, first_epochs):
    """Returns which layers each stage adds, for `plan_stages`."""
    if not tree.model.trainable_weights:
        raise bad_value(
            "model",
            tree.model.name,
            "one in which a layer trains",
            "Unfreeze its head: `transfer.set_trainable(model, 1)`.",
        )
    added = {}
    if not _is_frozen(tree):
        added[0] = selected(tree, groups(1))
    if len(first_epochs) > 1:
        added[first_epochs[1]] = selected(tree, "all")
    return added


def _refuse_own_rates(optimizer, layer_decay):
    while optimizer is not None:
        if isinstance(optimizer, LayerwiseLearningRate):
            raise bad_value(
                "layer_decay",
                layer_decay,
                "None where the optimizer has rates of its own for the layers",
                "Leave it out, or compile with the optimizer inside.",
            )
        optimizer = getattr(optimizer, "inner_optimizer", None)


def _is_frozen(tree):
    """Whether a layer is frozen, other than to hold its statistics still."""
    alone = frozen_alone(tree)
    return any(
        not weight.trainable and id(weight) not in alone
        for layer in tree.layers
        if not isinstance(layer, keras.layers.BatchNormalization)
        for weight in flagged_variables(layer)
    )
