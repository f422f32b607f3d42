"""An optimizer in a wrapper for a while."""

import contextlib

import keras

from keras_trainkit.backend.training.kept_steps import forget_compiled_steps


@contextlib.contextmanager
def wrapped_optimizer(model, wrap):
    """Wraps the optimizer of a model, inside of one that scales the loss.

    Args:
        model: A compiled `keras.Model`.
        wrap: Callable from the optimizer to a wrapper that holds it.
    """
    outer = model.optimizer
    scales = isinstance(outer, keras.optimizers.LossScaleOptimizer)
    inner = outer.inner_optimizer if scales else outer
    _put(model, outer, wrap(inner), scales)
    try:
        yield
    finally:
        _put(model, outer, inner, scales)


def _put(model, outer, optimizer, scales):
    if scales:
        outer.inner_optimizer = optimizer
    else:
        model.optimizer = optimizer
    # What `save` writes is what `compile` was given, perhaps before Keras put
    # it into one that scales the loss: keras/src/trainers/trainer.py
    given = model._compile_config.config
    if not scales or given["optimizer"] is not outer:
        given["optimizer"] = optimizer
    forget_compiled_steps(model)
