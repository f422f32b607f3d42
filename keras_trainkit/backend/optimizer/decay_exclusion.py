"""Variables that an optimizer's weight decay leaves alone."""

# keras/src/optimizers/base_optimizer.py
_EXCLUDED = "_exclude_from_weight_decay"
_PATTERN = "_exclude_from_weight_decay_pattern"
_CACHE = "_exclude_from_weight_decay_cache"


def exclude_too(optimizer, variables):
    """Excludes variables besides those that are excluded already.

    `exclude_from_weight_decay` forgets what was excluded before, and counts
    patterns of names and variables as one setting.

    Args:
        optimizer: The optimizer that updates the weights.
        variables: List of `keras.Variable`s.
    """
    before = getattr(optimizer, _EXCLUDED, set())
    pattern = getattr(optimizer, _PATTERN, None)
    optimizer.exclude_from_weight_decay(var_list=list(variables))
    excluded = getattr(optimizer, _EXCLUDED)
    setattr(optimizer, _EXCLUDED, excluded | set(before))
    setattr(optimizer, _PATTERN, pattern)


def decays(optimizer, variable):
    """Whether weight decay acts on a variable.

    `_use_weight_decay`: keras/src/optimizers/base_optimizer.py
    """
    return optimizer._use_weight_decay(variable)
