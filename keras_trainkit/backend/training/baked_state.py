"""What tracing a train step makes constant, beside what the step is given."""

import keras
import numpy as np

from keras_trainkit.backend.training.compiled_parts import optimizers_of

_PLAIN = (bool, int, float, str, type(None), np.generic)
# TensorFlow's own book-keeping (tensorflow/python/trackable/base.py).
_NOT_SETTINGS = "_self_"


def baked_state(model):
    """Returns what a compiled train step keeps of a model, to be compared.

    A step that was compiled may be used again where this is as it was: the
    same variables and layers with the same trainable flags, the same
    optimizers with the same settings, the same `compile`. What else a user
    changes without another `compile` Keras does not see either.

    Args:
        model: A compiled and built `keras.Model`.

    Returns:
        A hashable object. It keeps alive what it compares.
    """
    return (
        tuple((Same(v), v.trainable) for v in model.variables),
        # keras/src/layers/layer.py; a frozen layer that holds still is of
        # another class.
        tuple(
            (Same(layer), type(layer), layer.trainable)
            for layer in model._flatten_layers()
        ),
        tuple(_optimizer(one) for one in optimizers_of(model)),
        # keras/src/trainers/trainer.py
        Same(model._compile_config),
        Same(model.__dict__.get("train_step")),
        Same(type(model).train_step),
        (model.run_eagerly, model.jit_compile, model.steps_per_execution),
        Same(keras.distribution.distribution()),
    )


def _optimizer(optimizer):
    settings = {
        name: repr(value)
        for name, value in vars(optimizer).items()
        if _is_setting(value) and not name.startswith(_NOT_SETTINGS)
    }
    # `_learning_rate`: keras/src/optimizers/base_optimizer.py
    # `_value`: keras/src/backend/common/variables.py
    captured = keras.backend.backend() == "tensorflow"
    rate = getattr(optimizer, "_learning_rate", None)
    return (
        Same(optimizer),
        tuple(sorted(settings.items())),
        # A schedule is a constant.
        Same(None if isinstance(rate, keras.Variable) else rate),
        tuple(Same(v._value) for v in optimizer.variables if captured),
    )


def _is_setting(value):
    if isinstance(value, (list, tuple)):
        return all(_is_setting(one) for one in value)
    return isinstance(value, _PLAIN)


class Same:
    """Compares an object by identity, and keeps it alive meanwhile."""

    def __init__(self, thing):
        self._thing = thing

    def __eq__(self, other):
        return isinstance(other, Same) and self._thing is other._thing

    def __hash__(self):
        return id(self._thing)
