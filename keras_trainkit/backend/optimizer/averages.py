"""Averages of weights (`use_ema`) that keep the constraints of the weights.

A step of Keras updates the weights, averages them, and projects the weights
last (keras/src/optimizers/base_optimizer.py): the averages are of weights
outside the constraint. They become the weights at the end of `fit`, every
`ema_overwrite_frequency` steps and in `SwapEMAWeights`.
"""

import functools

import keras

_MARK = "_keras_trainkit_projects_averages"


def project_averages(constraint):
    """Applies `constraint` to the averages of weights that have it, too.

    The optimizer that will hold the averages need not exist yet, and
    `compile`, `load_model` and stages of training make new ones. So a method
    of Keras's optimizer class is replaced, once in a process; for weights
    with any other constraint, or none, it does what it did.

    Args:
        constraint: `keras.constraints.Constraint` instance. It is marked.
    """
    # A frozen dataclass has no other way.
    object.__setattr__(constraint, _MARK, True)
    _extend(keras.optimizers.Optimizer)


def _extend(optimizer_class):
    """Makes the class project each average right after its update.

    `_update_model_variables_moving_average`, `_model_variables_moving_average`:
    keras/src/optimizers/base_optimizer.py
    """
    update = optimizer_class._update_model_variables_moving_average
    if hasattr(update, _MARK):
        return

    @functools.wraps(update)
    def update_and_project(self, trainable_variables):
        update(self, trainable_variables)
        if self.use_ema:
            averages = self._model_variables_moving_average
            for pair in zip(trainable_variables, averages, strict=True):
                _project(*pair)

    setattr(update_and_project, _MARK, True)
    optimizer_class._update_model_variables_moving_average = update_and_project


def _project(variable, average):
    constraint = getattr(variable, "constraint", None)
    if average is None or not hasattr(constraint, _MARK):
        return
    # Constraints may read the variable's path, which differs from that of the
    # average: so they get the variable, with the value of the average.
    with keras.StatelessScope([(variable, average.value)]):
        projected = constraint(variable)
    average.assign(projected)


def averages_of(optimizer):
    """Returns the averages (`use_ema`) that an optimizer keeps, by variable.

    `_model_variables_moving_average`, `_trainable_variables`:
    keras/src/optimizers/base_optimizer.py

    Args:
        optimizer: The innermost optimizer.

    Returns:
        `{id(variable): average}`; empty without averages.
    """
    if not (optimizer.use_ema and optimizer.built):
        return {}
    averages = optimizer._model_variables_moving_average
    pairs = zip(optimizer._trainable_variables, averages, strict=True)
    return {id(one): average for one, average in pairs if average is not None}
