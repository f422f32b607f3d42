"""Compiling one model as another one is."""

import copy

import keras

from keras_trainkit.backend.optimizer.anatomy import innermost
from keras_trainkit.backend.optimizer.slots import unbuilt_copy


def compile_like(model, other, around=None):
    """Compiles `model` with the loss, metrics and settings of `other`.

    Metrics are copies, and the optimizer is a new one with the settings of
    the innermost of `other`; Keras scales the loss again where it has to.

    Args:
        model: A `keras.Model` with outputs like those of `other`.
        other: A compiled `keras.Model`.
        around: Callable that returns what to put in the place of the new
            optimizer. Defaults to `None`: nothing.
    """
    # What `compile` was called with: keras/src/trainers/trainer.py
    given = dict(other._compile_config.config)
    optimizer = unbuilt_copy(innermost(other.optimizer))
    given["optimizer"] = around(optimizer) if around else optimizer
    for name in ("metrics", "weighted_metrics"):
        given[name] = keras.tree.map_structure(_unshared, given[name])
    model.compile(**given)


def _unshared(metric):
    if isinstance(metric, keras.metrics.Metric):
        return type(metric).from_config(metric.get_config())
    return copy.copy(metric)
