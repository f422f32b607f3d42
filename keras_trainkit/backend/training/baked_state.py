"""What tracing a train step makes constant, beside what the step is given."""

import keras
import numpy as np

from keras_trainkit.backend.training.compiled_parts import optimizers_of

_PLAIN = (bool, int, float, str, type(None), np.generic)
# keras/src/trainers/trainer.py, keras/src/backend/torch/trainer.py
_CHANGE_IN_FIT = (
    "stop_training",
    "stop_evaluating",
    "stop_predicting",
    "train_function",
    "test_function",
    "predict_function",
    "training",
)


def baked_state(model):
    """Returns what a compiled train step keeps of a model, to be compared.

    A step that was compiled may be used again where this is as it was: the
    same variables and layers, optimizers and `compile`, with the same flags
    and the same numbers as attributes (a layer's `rate`, a model's own
    settings). What else a user changes without another `compile` Keras does
    not see either.

    Args:
        model: A compiled and built `keras.Model`.

    Returns:
        A hashable object. It keeps alive what it compares.
    """
    return (
        tuple(map(_variable, model.variables)),
        # keras/src/layers/layer.py; a frozen layer that holds still is of
        # another class.
        tuple(map(_layer, model._flatten_layers())),
        tuple(_optimizer(one) for one in optimizers_of(model)),
        # keras/src/trainers/trainer.py
        Same(model._compile_config),
        Same(model.__dict__.get("train_step")),
        Same(type(model).train_step),
        (model.run_eagerly, model.jit_compile, model.steps_per_execution),
        Same(keras.distribution.distribution()),
    )


def _variable(variable):
    # `constraint` and `regularizer`: keras/src/backend/common/variables.py
    return (
        Same(variable),
        variable.trainable,
        Same(getattr(variable, "constraint", None)),
        Same(getattr(variable, "regularizer", None)),
    )


def _layer(layer):
    # Keras keeps its own book in private attributes.
    settings = _settings(layer, lambda name: name.startswith("_"))
    return Same(layer), type(layer), layer.trainable, settings


def _optimizer(optimizer):
    # TensorFlow keeps its book so: tensorflow/python/trackable/base.py
    settings = _settings(optimizer, lambda name: name.startswith("_self_"))
    # `_learning_rate`: keras/src/optimizers/base_optimizer.py
    # `_value`: keras/src/backend/common/variables.py
    rate = getattr(optimizer, "_learning_rate", None)
    captured = keras.backend.backend() == "tensorflow"
    return (
        Same(optimizer),
        settings,
        # A schedule is a constant.
        Same(None if isinstance(rate, keras.Variable) else rate),
        tuple(Same(v._value) for v in optimizer.variables if captured),
    )


def _settings(thing, leaves_out):
    return tuple(
        sorted(
            (name, repr(value))
            for name, value in vars(thing).items()
            if _is_setting(value)
            and name not in _CHANGE_IN_FIT
            and not leaves_out(name)
        )
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
