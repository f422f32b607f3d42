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
    `compile`, `load_model` and stages of training make new ones. So it is
    Keras's optimizer class that is told, once for a process; it goes on as
    before for weights with any other constraint, or none.

    Args:
        constraint: `keras.constraints.Constraint` instance. It is marked.
    """
    # A frozen dataclass has no other way.
    object.__setattr__(constraint, _MARK, True)
    _tell(keras.optimizers.Optimizer)


def _tell(optimizer_class):
    """Has the class project each average right after its update.

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
    # Constraints may ask for the variable's path, which the average has not:
    # so it is the variable that they get, with the value of the average.
    with keras.StatelessScope([(variable, average.value)]):
        projected = constraint(variable)
    average.assign(projected)
