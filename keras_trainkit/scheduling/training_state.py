"""Everything that a `fit` changes, to be put back after a trial of it."""

import copy

import keras

from keras_trainkit.backend.devices.device_copies import read_copies
from keras_trainkit.backend.devices.device_copies import write_copies
from keras_trainkit.backend.randomness.random_state import RandomState
from keras_trainkit.scheduling.scheduled_fit import active_control

# What `fit` and its callbacks set on the model: keras/src/trainers/trainer.py,
# keras/src/backend/*/trainer.py. `train_step` is set by
# backend/training/batch_loss.py.
_ATTRIBUTES = (
    "stop_training",
    "steps_per_execution",
    "train_function",
    "train_step",
    "_initial_epoch",
)
_MISSING = object()


class TrainingState:
    """A snapshot of a model's whole training state and all random states.

    Values are copied to the host: on JAX a compiled step takes the buffers of
    the state for itself. `restore` assigns them to the same variables, so
    compiled functions stay valid, those made before the snapshot included.

    Args:
        model: A `keras.Model`, built and compiled or not, not inside `fit`
            unless before its first step.
    """

    def __init__(self, model):
        active_control(model)  # Gives back what a `fit` that died had borrowed.
        self._model = model
        self._values = {}
        self._attributes = {
            name: model.__dict__.get(name, _MISSING) for name in _ATTRIBUTES
        }
        self._torch = _torch_state(model)
        self.include_new()
        self._unbuilt = [
            _Attributes(part) for part in _compiled(model) if not part.built
        ]
        self._random = RandomState()

    def include_new(self):
        """Copies the variables that were made since the snapshot.

        Right after a model is built they are what they would have been.
        """
        model = self._model
        for owned in (
            model.variables,
            model.metrics_variables,
            *(optimizer.variables for optimizer in _optimizers(model)),
        ):
            for variable in owned:
                self._copy(variable)

    def restore(self):
        """Puts everything back, also after an exception out of `fit`."""
        model = self._model
        self._refill()
        model.__dict__.pop("train_step", None)
        active_control(model)
        for variable, values in self._values.values():
            write_copies(variable, values)
        for attributes in self._unbuilt:
            attributes.restore()
        self._reset_new_metrics()
        for name, value in self._attributes.items():
            if value is _MISSING:
                model.__dict__.pop(name, None)
            else:
                # Past `__setattr__`, which would track it.
                model.__dict__[name] = value
        _restore_torch_state(*self._torch)
        self._random.restore()

    def _copy(self, variable):
        if id(variable) not in self._values:
            self._values[id(variable)] = (variable, read_copies(variable))

    def _refill(self):
        """Gives variables without a value one, so that they can be read.

        JAX takes the values out of the variables for an epoch, and leaves
        them empty when the first step dies
        (keras/src/backend/jax/trainer.py).
        """
        if keras.backend.backend() != "jax":
            return
        for variable, values in self._values.values():
            if variable._value is None:
                variable._value = keras.ops.convert_to_tensor(
                    values[0], dtype=variable.dtype
                )

    def _reset_new_metrics(self):
        for metric in self._model.metrics:
            if any(id(v) not in self._values for v in metric.variables):
                metric.reset_state()


class _Attributes:
    """The attributes of a part of the model that is not built yet.

    The trial builds it, and so fills its lists; it gets copies of them to
    fill. Cleared afterwards they would not be as new: TensorFlow's wrapped
    lists remember that they lost an element, and refuse to be saved.
    """

    def __init__(self, part):
        self._part = part
        self._kept = dict(vars(part))
        copies = {
            id(value): list(value) if isinstance(value, list) else dict(value)
            for value in self._kept.values()
            if isinstance(value, (list, dict))
        }
        trial = {k: copies.get(id(v), v) for k, v in self._kept.items()}
        trial["_tracker"] = _tracker_of(self._kept["_tracker"], copies)
        vars(part).update(trial)

    def restore(self):
        vars(self._part).clear()
        vars(self._part).update(self._kept)


def _tracker_of(tracker, copies):
    """Copies a tracker (keras/src/utils/tracking.py)."""
    new = copy.copy(tracker)
    new.config = {
        name: (test, copies.get(id(store), store))
        for name, (test, store) in tracker.config.items()
    }
    new.stored_ids = {name: set(ids) for name, ids in new.stored_ids.items()}
    return new


def _optimizers(model):
    """Returns the optimizers of a model: its own train step may use several."""
    found = {}
    for optimizer in (getattr(model, "optimizer", None), *vars(model).values()):
        while isinstance(optimizer, keras.optimizers.Optimizer):
            found[id(optimizer)] = optimizer
            optimizer = getattr(optimizer, "inner_optimizer", None)
    return list(found.values())


def _compiled(model):
    """Returns what `fit` builds besides the layers.

    To build metrics and loss, `fit` draws a first batch, and with it random
    numbers; so it must find them as it would have found them without a trial
    (keras/src/trainers/trainer.py).
    """
    parts = [model._compile_metrics, model._compile_loss]
    return [*_optimizers(model), *(part for part in parts if part is not None)]


def _torch_state(model):
    """Which modules are in training mode, and the gradients kept."""
    if keras.backend.backend() != "torch":
        return [], []
    return (
        [(module, module.training) for module in model.modules()],
        [(weight, weight.grad) for weight in model.parameters()],
    )


def _restore_torch_state(modes, gradients):
    for module, training in modes:
        module.training = training
    for weight, gradient in gradients:
        weight.grad = gradient
