"""What an optimizer is made of, whatever wraps it."""

import numbers

import keras

from keras_trainkit.backend.optimizer.wrapper import OptimizerWrapper
from keras_trainkit.kernels.argument_checks import bad_value

# Its weights interpolate with `beta_1` (keras/src/optimizers/
# schedule_free_adamw.py): another value breaks the interpolation.
_SCHEDULE_FREE = "ScheduleFreeAdamW"


def innermost(optimizer):
    """Returns the optimizer that updates the weights.

    Args:
        optimizer: What `model.optimizer` holds, perhaps wrapped in
            `LossScaleOptimizer` or in a wrapper of this package.

    Raises:
        ValueError: For `None` and for `MultiOptimizer`, which has several.
    """
    while is_wrapper(optimizer):
        optimizer = optimizer.inner_optimizer
    if optimizer is None or _is_multi(optimizer):
        raise bad_value(
            "model.optimizer",
            optimizer,
            "a single optimizer with one learning rate",
            "`MultiOptimizer` has a learning rate for each of its optimizers; "
            "give those their own `LearningRateSchedule`s instead.",
        )
    return optimizer


def is_wrapper(optimizer):
    """Whether it leaves updating the weights to its `inner_optimizer`."""
    wrappers = (keras.optimizers.LossScaleOptimizer, OptimizerWrapper)
    return isinstance(optimizer, wrappers)


def built_over(optimizer):
    """Returns the variables that a built optimizer updates.

    `_trainable_variables`: keras/src/optimizers/base_optimizer.py
    """
    return list(optimizer._trainable_variables)


def _is_multi(optimizer):
    # Younger than the oldest Keras that is supported.
    multi = getattr(keras.optimizers, "MultiOptimizer", ())
    return isinstance(optimizer, multi)


def momentum_attribute(optimizer):
    """Returns `"momentum"`, `"beta_1"` or, where neither is used, `None`."""
    if type(optimizer).__name__ == _SCHEDULE_FREE:
        return None
    for name in ("momentum", "beta_1"):
        value = getattr(optimizer, name, None)
        if isinstance(value, numbers.Real) and value > 0:
            return name
    return None


def attribute_of(optimizer, hyperparameter, owner):
    """Returns the attribute that holds a hyperparameter as a plain number.

    Args:
        optimizer: Innermost optimizer.
        hyperparameter: `"learning_rate"`, `"momentum"` or `"weight_decay"`.
        owner: Who is going to schedule it, for errors.

    Returns:
        The name; `None` for the learning rate, which has a variable.

    Raises:
        ValueError: When the optimizer does not use the hyperparameter.
    """
    if hyperparameter == "learning_rate":
        if learning_rate_variable(optimizer) is None:
            raise bad_value(
                "optimizer.learning_rate",
                compiled_schedule(optimizer),
                f"a plain number where {owner} schedules it",
                f"Compile the optimizer with a float, or leave out {owner}.",
            )
        return None
    attribute = hyperparameter
    if hyperparameter == "momentum":
        attribute = momentum_attribute(optimizer)
    if attribute is None or getattr(optimizer, attribute, None) is None:
        raise bad_value(
            hyperparameter,
            None,
            f"used by the optimizer where {owner} schedules it",
            f"Make the {type(optimizer).__name__} with a {hyperparameter}.",
        )
    return attribute


def learning_rate_variable(optimizer):
    """Returns the learning-rate variable; `None` with a schedule.

    `_learning_rate`: keras/src/optimizers/base_optimizer.py
    """
    rate = optimizer._learning_rate
    return rate if isinstance(rate, keras.Variable) else None


def plain_learning_rate(optimizer):
    """Returns the learning rate as a float; `None` where it is no variable."""
    if optimizer is None or _is_multi(optimizer):
        return None
    rate = learning_rate_variable(innermost(optimizer))
    return None if rate is None else number(rate)


def compiled_schedule(optimizer):
    """Returns the schedule or callable given as the learning rate, or `None`.

    The `learning_rate` property would call it.
    `_learning_rate`: keras/src/optimizers/base_optimizer.py
    """
    rate = optimizer._learning_rate
    return None if isinstance(rate, keras.Variable) else rate


def learning_rate_attribute(optimizer):
    """Returns where a compiled schedule is kept; `None` for a variable.

    keras/src/optimizers/base_optimizer.py
    """
    return None if compiled_schedule(optimizer) is None else "_learning_rate"


def batches_seen(optimizer):
    """Returns the counter's tensor: batches, not updates.

    `_iterations`: keras/src/optimizers/base_optimizer.py
    """
    return optimizer._iterations.value


def has_values(optimizer):
    """Whether the optimizer's variables hold their values now.

    On JAX `fit` takes them out for an epoch; an error in the first step leaves
    them so (keras/src/backend/jax/trainer.py).
    `_value`: keras/src/backend/common/variables.py
    """
    return optimizer._iterations._value is not None


def batches_seen_so_far(optimizer):
    """Returns the counter as a Python integer.

    `_iterations`: keras/src/optimizers/base_optimizer.py
    """
    return int(number(optimizer._iterations))


def batches_seen_if_known(optimizer):
    """Returns the counter as a Python integer, or `None`.

    Args:
        optimizer: What `model.optimizer` holds: also `None`, an optimizer with
            several inside, or one whose variables an error has left empty.
    """
    if optimizer is None or _is_multi(optimizer):
        return None
    optimizer = innermost(optimizer)
    return batches_seen_so_far(optimizer) if has_values(optimizer) else None


def number(variable):
    """Returns a scalar variable as a Python number.

    `float()` knows nothing of a variable that is mirrored over devices; an
    eager step asks at every update, where converting to NumPy is slow.
    """
    value = variable.value
    if hasattr(value, "item"):
        return value.item()
    return keras.ops.convert_to_numpy(variable).item()


def assign_number(variable, value):
    """Assigns a Python number or a scalar tensor to a scalar variable.

    `Variable.assign` makes a tensor of a number first, which on the torch
    backend costs more than all the rest of an update's schedule.
    """
    if keras.backend.backend() == "torch" and isinstance(value, float):
        variable.value.detach().fill_(value)
    else:
        variable.assign(value)


def accumulation_steps(optimizer):
    """Returns how many batches make an update."""
    return optimizer.gradient_accumulation_steps or 1


def skips_updates(optimizer):
    """Whether a batch with non-finite gradients leaves the counter alone."""
    return isinstance(optimizer, keras.optimizers.LossScaleOptimizer)


def unshare_averages(optimizer):
    """Gives every average of weights (`use_ema`) a buffer of its own.

    At the end of `fit` Keras assigns the averages to the weights. On JAX the
    two then share a buffer, and the next `fit`, which donates both, fails
    (keras/src/optimizers/base_optimizer.py, backend/jax/trainer.py).
    """
    if optimizer.use_ema and optimizer.built:
        for average in optimizer._model_variables_moving_average:
            if average is not None:
                average.assign(keras.ops.copy(average.value))


def compute_dtype(optimizer):
    """Returns the dtype in which hyperparameters lose nothing that matters."""
    dtypes = {
        keras.backend.standardize_dtype(v.dtype) for v in built_over(optimizer)
    }
    return "float64" if "float64" in dtypes else "float32"
