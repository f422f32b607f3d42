"""What a model was compiled with, as `compile` was given it."""


def compile_arguments(model):
    """Returns the arguments of `compile` by name, or `None` without one.

    `_compile_config`: keras/src/trainers/trainer.py

    Args:
        model: A `keras.Model`.
    """
    if not getattr(model, "compiled", False):
        return None
    return dict(model._compile_config.config)


def function_of(loss):
    """Returns the function that a loss or metric wraps, or itself.

    `LossFunctionWrapper.fn`: keras/src/losses/losses.py;
    `MeanMetricWrapper._fn`: keras/src/metrics/reduction_metrics.py
    """
    for name in ("fn", "_fn"):
        if callable(getattr(loss, name, None)):
            return getattr(loss, name)
    return loss


def keyword_arguments_of(loss):
    """Returns the keyword arguments with which a loss calls its function.

    `_fn_kwargs`: keras/src/losses/losses.py
    """
    for name in ("_fn_kwargs", "_fn_kw"):
        if isinstance(getattr(loss, name, None), dict):
            return dict(getattr(loss, name))
    return {}
