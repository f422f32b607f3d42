"""An optimizer over another set of variables, slots carried over.

An optimizer knows only the variables it was built with: others raise, or
lose all state. So when the trainable set changes, a new one of the same class
is built from the old one's config, takes over what the old one remembered
about the variables that stay, and takes the old one's place: as the contents
of the same Python object, so that whoever holds it keeps the right one.
"""

import keras
import numpy as np

from keras_trainkit.backend.devices.distribution import variable_scope
from keras_trainkit.backend.optimizer.anatomy import is_wrapper
from keras_trainkit.backend.optimizer.decay_exclusion import exclude_likewise
from keras_trainkit.backend.optimizer.wrapper import OptimizerWrapper

# keras/src/optimizers/base_optimizer.py: the model's variables, and the list
# of all variables that the others are found through.
_NOT_SLOTS = ("_trainable_variables", "_variables")
_EARLIER = "_keras_trainkit_earlier"
_PLAIN = (bool, int, float, str, type(None), np.generic)


def build_over_what_trains(model):
    """Builds the model's optimizer over its trainable variables.

    Args:
        model: A compiled and built `keras.Model`, its optimizer not built.
    """
    with variable_scope(model):
        tell_weights(model.optimizer, model.weights)
        model.optimizer.build(model.trainable_variables)


def form_over_what_trains(model):
    """Gives the model's optimizer its trainable variables in place of others.

    Args:
        model: A compiled and built `keras.Model`, its optimizer built.

    Raises:
        ValueError: When the optimizer keeps variables that cannot be told
            apart by model variable; nothing is changed then.
    """
    with variable_scope(model):
        new = unbuilt_copy(model.optimizer)
        exclude_likewise(new, model.optimizer)
        tell_weights(new, model.weights)
        new.build(model.trainable_variables)
        _carry_over(model.optimizer, new)
        if keras.backend.backend() == "tensorflow":
            _find_again(model.optimizer, new)
        _move_in(model.optimizer, new)


def begin_slots_anew(model, variables):
    """Gives back what an optimizer remembers of variables, as at its start.

    Its counters, and what it remembers of all others, stay.

    Args:
        model: A compiled `keras.Model` whose optimizer is built.
        variables: Those of the model's variables that are meant.

    Returns:
        Callable that does it; whatever can fail has been done before.

    Raises:
        ValueError: When the optimizer keeps variables that cannot be told
            apart by model variable.
    """
    optimizer = model.optimizer
    with variable_scope(model):
        new = unbuilt_copy(optimizer)
        tell_weights(new, model.weights)
        new.build(model.trainable_variables)
    pairs = _pairs_of_slots(optimizer, new, {id(v) for v in variables})

    def begin():
        for source, target in pairs:
            _copy(source, target)

    return begin


def _pairs_of_slots(old, new, meant):
    """Returns pairs of a fresh value's variable and the slot that gets it."""
    pairs = []
    if is_wrapper(old):
        pairs = _pairs_of_slots(old.inner_optimizer, new.inner_optimizer, meant)
    slots = _slots(old)
    _check_all_found(old, slots, _scalars(old))
    fresh = {id(v): i for i, v in enumerate(new._trainable_variables)}
    for place, variable in enumerate(old._trainable_variables):
        if id(variable) not in meant or id(variable) not in fresh:
            continue
        for name in slots:
            source = getattr(new, name)[fresh[id(variable)]]
            if name == "_model_variables_moving_average":
                source = variable
            pairs.append((source, getattr(old, name)[place]))
    return pairs


def counter(optimizer):
    """Returns the variable that counts an optimizer's batches.

    `_iterations`: keras/src/optimizers/base_optimizer.py
    """
    return optimizer._iterations


def tell_weights(optimizer, weights):
    """Lets a wrapper see the weights that do not train, too.

    Args:
        optimizer: A `keras.optimizers.Optimizer`.
        weights: List of all weights of its model.
    """
    while is_wrapper(optimizer):
        if isinstance(optimizer, OptimizerWrapper):
            optimizer.know(weights)
        optimizer = optimizer.inner_optimizer


def unbuilt_copy(optimizer):
    """Returns a new optimizer with the settings of another one."""
    if isinstance(optimizer, OptimizerWrapper):
        return optimizer.around(unbuilt_copy(optimizer.inner_optimizer))
    config = optimizer.get_config()
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        config["inner_optimizer"] = unbuilt_copy(optimizer.inner_optimizer)
        return type(optimizer)(**config)
    rate = optimizer._learning_rate
    if not isinstance(rate, keras.Variable):
        # The schedule itself: its class may be unknown to Keras.
        config["learning_rate"] = rate
    return type(optimizer).from_config(config)


def _carry_over(old, new):
    if is_wrapper(old):
        _carry_over(old.inner_optimizer, new.inner_optimizer)
    slots = _slots(old)
    scalars = _scalars(old)
    _check_all_found(old, slots, scalars)
    for name in scalars:
        _copy(getattr(old, name), getattr(new, name))
    indices = {id(v): i for i, v in enumerate(old._trainable_variables)}
    for j, variable in enumerate(new._trainable_variables):
        i = indices.get(id(variable))
        for name in slots:
            target = getattr(new, name)[j]
            if i is not None:
                _copy(getattr(old, name)[i], target)
            elif name == "_model_variables_moving_average":
                _copy(variable, target)


def _slots(optimizer):
    """Names of the lists with one variable (or `None`) per model variable."""
    count = len(optimizer._trainable_variables)
    return [
        name
        for name, value in vars(optimizer).items()
        if name not in _NOT_SLOTS
        and isinstance(value, list)
        and len(value) == count
        and any(isinstance(v, keras.Variable) for v in value)
    ]


def _scalars(optimizer):
    """Names of the variables that belong to no model variable."""
    return [
        name
        for name, value in vars(optimizer).items()
        if isinstance(value, keras.Variable)
    ]


def _check_all_found(optimizer, slots, scalars):
    found = {id(getattr(optimizer, name)) for name in scalars}
    for name in slots:
        found |= {id(v) for v in getattr(optimizer, name)}
    lost = [v.path for v in optimizer._variables if id(v) not in found]
    if lost:
        raise ValueError(
            "Expected an optimizer that keeps its variables as attributes, or "
            "as lists with one entry per trainable variable, so that they can "
            "be carried over to another trainable set. Received: "
            f"{type(optimizer).__name__}, where {lost} are kept otherwise. "
            "Freeze or unfreeze before `compile` instead."
        )


def _find_again(old, new):
    """Gives the new optimizer's variables the storage of earlier ones.

    So a step that was compiled for an earlier form, and captured what it had
    then, can be used again.
    `_value`: keras/src/backend/common/variables.py
    """
    if is_wrapper(old):
        _find_again(old.inner_optimizer, new.inner_optimizer)
    earlier = vars(old).setdefault(_EARLIER, {})
    for place, owner, variable in _by_place(old):
        earlier[place] = (variable._value, owner)
    for place, _, variable in _by_place(new):
        if place in earlier:
            storage, _ = earlier[place]
            storage.assign(variable._value)
            variable._value = storage


def _by_place(optimizer):
    """Yields place, model variable (kept alive by that), and variable."""
    for name in _scalars(optimizer):
        yield (name, None), None, getattr(optimizer, name)
    for name in _slots(optimizer):
        pairs = zip(
            optimizer._trainable_variables,
            getattr(optimizer, name),
            strict=True,
        )
        for owner, slot in pairs:
            if slot is not None:
                yield (name, id(owner)), owner, slot


def _copy(source, target):
    if source is not None and target is not None:
        # A copy: JAX donates the buffers of the state to the compiled step.
        target.assign(keras.ops.copy(source.value))


def _move_in(old, new):
    if is_wrapper(old):
        inner = old.inner_optimizer
        _move_in(inner, new.inner_optimizer)
        new.__dict__["inner_optimizer"] = inner
    # A config leaves out what `exclude_from_weight_decay` has set, and all
    # that a custom optimizer without a `get_config` was made with.
    kept = {
        name: value
        for name, value in vars(old).items()
        if name not in vars(new) or _is_setting(value)
    }
    old.__dict__.clear()
    old.__dict__.update({**vars(new), **kept})


def _is_setting(value):
    if isinstance(value, (list, tuple)):
        return bool(value) and all(_is_setting(one) for one in value)
    return isinstance(value, _PLAIN) or callable(value)
