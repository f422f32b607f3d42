"""The loss of each batch, where Keras logs the mean since the epoch began."""

import contextlib

import keras

from keras_trainkit.backend.devices.device_copies import copies
from keras_trainkit.backend.model.layers import is_built
from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.backend.training.kept_steps import KEPT_STEPS


def log_each_batch(model, on_build):
    """Makes the metrics in a step's logs those of its own batch.

    The step itself, compiled or not, empties the metrics first: subtracting
    running means would lose digits, all of them after one large loss. To be
    called before the train function is made; ends with the removal of
    `train_step` from the model's `__dict__`.

    Args:
        model: A compiled `keras.Model`.
        on_build: Called without arguments when the first step has built the
            model and not yet trained it, as only TensorFlow's does; elsewhere
            a model is built before the first step.
    """
    step = model.train_step

    def own_batch(data):
        _build_before(model, data, on_build)
        _empty_metrics(model)
        return step(data)

    def own_batch_stateless(state, data):
        *others, metrics = state
        return step((*others, _emptied(model, metrics)), data)

    jax = keras.backend.backend() == "jax"
    # Past `__setattr__`, which would track the function.
    model.__dict__["train_step"] = own_batch_stateless if jax else own_batch


@contextlib.contextmanager
def each_batch_alone(model):
    """A `fit` inside is a new run with one batch in each call of a step.

    It leaves no `history` behind. `_initial_epoch` is what BackupAndRestore
    leaves behind (keras/src/callbacks/backup_and_restore.py).

    Args:
        model: A compiled `keras.Model`.
    """
    set_aside = {
        "steps_per_execution": 1,
        "train_function": None,
        "_initial_epoch": None,
    }
    not_left = ("history", KEPT_STEPS)
    attributes = model.__dict__
    kept = {
        name: attributes[name]
        for name in (*not_left, *set_aside)
        if name in attributes
    }
    attributes.update(set_aside)
    attributes.pop(KEPT_STEPS, None)
    try:
        yield
    finally:
        for name in not_left:
            attributes.pop(name, None)
        attributes.update(kept)


@contextlib.contextmanager
def losses_alone(model):
    """A `fit` inside computes no metric of `compile`, only the loss.

    On torch, where each operation of a step costs, not its mean either. A
    model with a train step or logs of its own keeps its metrics: its code may
    read them. `_compile_metrics`, `_loss_tracker`:
    keras/src/trainers/trainer.py

    Args:
        model: A compiled `keras.Model`.
    """
    if any(_is_own(model, name) for name in _MADE_OF_METRICS):
        yield
        return
    set_aside = {"_compile_metrics": None}
    if keras.backend.backend() == "torch":
        set_aside["_loss_tracker"] = _LastLoss(name="loss")
    attributes = model.__dict__
    kept = {name: attributes[name] for name in set_aside}
    attributes.update(set_aside)
    try:
        yield
    finally:
        attributes.update(kept)


class _LastLoss(keras.metrics.Metric):
    """The loss of the latest batch, where nothing is compiled."""

    _last = 0.0

    def update_state(self, loss, sample_weight=None):
        # Past `__setattr__`, which would look at the tensor.
        self.__dict__["_last"] = loss.detach()

    def result(self):
        return self._last

    def reset_state(self):
        """Leaves the loss: the next one takes its place."""


_MADE_OF_METRICS = (
    "train_step",
    "compute_metrics",
    "get_metrics_result",
    "metrics",
)


def own_methods(model, names):
    """Returns those of `names` that the author of `model` has overridden."""
    return [name for name in names if _is_own(model, name)]


def _is_own(model, name):
    """Whether the author of `model` has overridden what Keras defines."""
    if name in vars(model):
        return True
    owner = next(c for c in type(model).__mro__ if name in vars(c))
    return not owner.__module__.startswith("keras.src")


def batches_counted(model):
    """Returns the optimizer's count of batches, also between JAX's steps.

    There it is in the state that `fit` carries from step to step
    (keras/src/backend/jax/trainer.py). `Callback.model` would bring the whole
    state back to the variables, at the price of a second step.
    """
    optimizer = anatomy.innermost(model.optimizer)
    state = getattr(model, "_jax_state", None)
    if not state or model._jax_state_synced:
        # At every step: converting to NumPy takes several times as long.
        return int(copies(optimizer._iterations)[0])
    counters = zip(
        model.optimizer.variables, state["optimizer_variables"], strict=True
    )
    return next(int(v) for ref, v in counters if ref is optimizer._iterations)


def _build_before(model, data, on_build):
    """Builds what the step itself would build while it trains."""
    # keras/src/trainers/trainer.py
    if keras.backend.backend() != "tensorflow" or is_built(model):
        return
    import tensorflow as tf

    with tf.init_scope():
        model._symbolic_build(data_batch=data)
        on_build()


def _empty_metrics(model):
    for metric in model.metrics:
        metric.reset_state()


def _emptied(model, values):
    variables = model.metrics_variables
    pairs = list(zip(variables, values, strict=True))
    with keras.StatelessScope(state_mapping=pairs) as scope:
        _empty_metrics(model)
    return [scope.get_current_value(v) for v in variables]
