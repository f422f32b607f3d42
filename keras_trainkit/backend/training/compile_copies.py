"""Compiling one model as another one is."""

import copy

import keras

from keras_trainkit.backend.optimizer.anatomy import innermost
from keras_trainkit.backend.optimizer.optimizer_copies import with_settings
from keras_trainkit.backend.optimizer.slots import tell_weights
from keras_trainkit.kernels.argument_checks import bad_value


def compile_like(model, other, copies, around=None):
    """Compiles `model` with the loss, metrics and settings of `other`.

    Metrics are copies. The optimizer is a new one of the same settings, with
    rates of single layers, what weight decay leaves alone and the scaling of
    the loss.

    Args:
        model: A `keras.Model` with outputs like those of `other`.
        other: A compiled `keras.Model`.
        copies: `{id(variable): (variable, its copy)}` of the variables of
            `other`; a variable that both models share is its own copy.
        around: Callable that returns what to put in the place of the new
            optimizer, inside of one that scales the loss. Defaults to `None`:
            nothing.

    Raises:
        ValueError: If a metric's configuration does not make an equal one,
            or the optimizer is a `MultiOptimizer`.
    """
    innermost(other.optimizer)  # raises where there are several
    # What `compile` was called with: keras/src/trainers/trainer.py
    given = dict(other._compile_config.config)
    optimizer = with_settings(other.optimizer, copies)
    # Keras tells an optimizer only what trains.
    tell_weights(optimizer, [copies[id(v)][1] for v in other.weights])
    given["optimizer"] = _put_around(optimizer, around)
    for name in ("metrics", "weighted_metrics"):
        given[name] = keras.tree.map_structure(unshared, given[name])
    # An optimizer that scales the loss is scaling it already.
    model.compile(**given, auto_scale_loss=False)


def unshared(metric):
    """Returns a new metric of the same settings, or a copy of a function.

    Raises:
        ValueError: If its configuration does not make it anew.
    """
    if not isinstance(metric, keras.metrics.Metric):
        return copy.copy(metric)
    try:
        return type(metric).from_config(metric.get_config())
    except Exception as error:
        raise bad_value(
            "metrics",
            metric.name,
            f"such that `{type(metric).__name__}.from_config` makes them anew "
            "from their `get_config`",
            f"It fails: {error}",
        ) from error


def _put_around(optimizer, around):
    if around is None:
        return optimizer
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer.inner_optimizer = around(optimizer.inner_optimizer)
        return optimizer
    return around(optimizer)
