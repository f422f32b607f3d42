"""Variables that an optimizer's weight decay leaves alone."""

import contextlib

from keras_trainkit.backend.optimizer.anatomy import is_wrapper

# keras/src/optimizers/base_optimizer.py: what was set, and, up to Keras 3.15,
# what was asked so far.
_EXCLUDED = "_exclude_from_weight_decay"
_PATTERN = "_exclude_from_weight_decay_pattern"
_CACHE = "_exclude_from_weight_decay_cache"
# Since Keras 3.16 what was set is a method's answer, too, and `build` decides
# by it, for the variables it is given, once and for all.
_IS_EXCLUDED = "_is_excluded_from_weight_decay"
_DECIDED = "_weight_decay_by_var_key"


def exclude_too(optimizer, variables):
    """Excludes variables besides those that are excluded already.

    `exclude_from_weight_decay` forgets what was excluded before, counts
    patterns of names and variables as one setting, and since Keras 3.16
    refuses an optimizer that is built.

    Args:
        optimizer: The optimizer that updates the weights, built or not,
            wrapped or not. A step that is compiled has to be compiled anew.
        variables: List of `keras.Variable`s.
    """
    optimizer = _inside(optimizer)
    before = getattr(optimizer, _EXCLUDED, set())
    pattern = getattr(optimizer, _PATTERN, None)
    with _as_if_unbuilt(optimizer):
        optimizer.exclude_from_weight_decay(var_list=list(variables))
    excluded = getattr(optimizer, _EXCLUDED)
    setattr(optimizer, _EXCLUDED, excluded | set(before))
    setattr(optimizer, _PATTERN, pattern)
    decided = getattr(optimizer, _DECIDED, {})
    for key in excluded & decided.keys():
        decided[key] = False


def exclude_likewise(new, optimizer):
    """Excludes by the same names and variables as another optimizer.

    Args:
        new: Of the same kind, not built.
        optimizer: Has the exclusions.
    """
    new, optimizer = _inside(new), _inside(optimizer)
    for name in (_EXCLUDED, _PATTERN):
        if hasattr(optimizer, name):
            setattr(new, name, getattr(optimizer, name))


def decays(optimizer, variable):
    """Whether weight decay acts on a variable, or would if it were updated.

    `_use_weight_decay`: keras/src/optimizers/base_optimizer.py. Since Keras
    3.16 it knows the variables alone that the optimizer was built over.

    Args:
        optimizer: A `keras.optimizers.Optimizer`, wrapped or not.
        variable: A `keras.Variable`.
    """
    optimizer = _inside(optimizer)
    is_excluded = getattr(optimizer, _IS_EXCLUDED, None)
    decided = getattr(optimizer, _DECIDED, ())
    if is_excluded is None or optimizer._var_key(variable) in decided:
        return optimizer._use_weight_decay(variable)
    return not is_excluded(variable)


def decayed(optimizer, variables):
    """Returns those of `variables` that weight decay acts on.

    The optimizer remembers what it was asked (`_CACHE`), and is left as it was.

    Args:
        optimizer: A `keras.optimizers.Optimizer`, wrapped or not.
        variables: List of `keras.Variable`s.
    """
    optimizer = _inside(optimizer)
    before = getattr(optimizer, _CACHE, None)
    if before is not None:
        setattr(optimizer, _CACHE, dict(before))
    try:
        return [one for one in variables if decays(optimizer, one)]
    finally:
        if before is not None:
            setattr(optimizer, _CACHE, before)
        elif hasattr(optimizer, _CACHE):
            delattr(optimizer, _CACHE)


def _inside(optimizer):
    while is_wrapper(optimizer):
        optimizer = optimizer.inner_optimizer
    return optimizer


@contextlib.contextmanager
def _as_if_unbuilt(optimizer):
    built = optimizer.built
    optimizer.built = False
    try:
        yield
    finally:
        optimizer.built = built
