"""A copy of an optimizer for a copy of the model it trains."""

import keras

from keras_trainkit.backend.optimizer.anatomy import built_over
from keras_trainkit.backend.optimizer.decay_exclusion import decays
from keras_trainkit.backend.optimizer.decay_exclusion import exclude_too
from keras_trainkit.backend.optimizer.slots import unbuilt_copy
from keras_trainkit.backend.optimizer.wrapper import OptimizerWrapper
from keras_trainkit.kernels.argument_checks import bad_value

_PLAIN = (bool, int, float, str)


def optimizer_copy(optimizer, copies):
    """Returns an optimizer of the same settings and state.

    Args:
        optimizer: A `keras.optimizers.Optimizer`, built or not, wrapped or
            not.
        copies: `{id(variable): (variable, its copy)}` of the model.

    Raises:
        ValueError: If the optimizer updates other variables than these.
    """
    new = with_settings(optimizer, copies)
    if optimizer.built:
        over = built_over(optimizer)
        _require_known(over, copies)
        new.build([copies[id(variable)][1] for variable in over])
        for old, copy in zip(optimizer.variables, new.variables, strict=True):
            # A JAX variable keeps the very array it is given.
            copy.assign(keras.ops.copy(old))
    return new


def with_settings(optimizer, copies):
    """Returns a new optimizer of the same settings, not built.

    Args:
        optimizer: A `keras.optimizers.Optimizer`, wrapped or not.
        copies: `{id(variable): (variable, its copy)}` of the model.
    """
    if isinstance(optimizer, OptimizerWrapper):
        inner = with_settings(optimizer.inner_optimizer, copies)
        return optimizer.for_copies(inner, copies)
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        config = optimizer.get_config()
        inner = with_settings(optimizer.inner_optimizer, copies)
        return type(optimizer)(**{**config, "inner_optimizer": inner})
    new = unbuilt_copy(optimizer)
    if optimizer.weight_decay is not None:
        # What is excluded is in no configuration.
        exclude_too(
            new,
            [copy for v, copy in copies.values() if not decays(optimizer, v)],
        )
    # Nor need be all that a custom optimizer was made with.
    for name, value in vars(optimizer).items():
        own = not name.startswith("_") and name != "built"
        if own and name in vars(new) and isinstance(value, _PLAIN):
            setattr(new, name, value)
    return new


def _require_known(variables, copies):
    unknown = [v.path for v in variables if id(v) not in copies]
    if unknown:
        raise bad_value(
            "model.optimizer",
            unknown,
            "one that updates variables of the model alone",
            "Leave the optimizer out: `clone(model, compile=False)`.",
        )
