"""An evaluation whose loss is that of the predictions alone."""

from contextlib import contextmanager
from contextlib import nullcontext

import keras

from keras_trainkit.backend.model.layers import all_layers
from keras_trainkit.backend.training.train_function import rebuild


class CleanEvaluation:
    """Evaluates a model without what its regularizers add to the loss.

    Keras adds the penalties to the loss of an evaluation, too (`compute_loss`
    in keras/src/trainers/trainer.py), and compiles them in. So a model with
    regularizers gets a test function of its own, which is kept as long as the
    same variables train: on JAX a trace knows the variables by their places.

    Args:
        model: A compiled `keras.Model`.
    """

    def __init__(self, model):
        self._model = model
        self._function = self._over = None

    def __call__(self, **arguments):
        """Returns what `model.evaluate(**arguments)` does, as a dictionary."""
        model = self._model
        arguments = {**arguments, "return_dict": True, "verbose": 0}
        with (
            _values_kept(model),
            _without_regularizers(model) as any_left_out,
            self._own_function() if any_left_out else nullcontext(),
        ):
            return model.evaluate(**arguments)

    @contextmanager
    def _own_function(self):
        model = self._model
        before = model.test_function
        over = [id(variable) for variable in model.trainable_variables]
        if self._over != over:
            rebuild(model, "test")
            self._function, self._over = model.test_function, over
        model.test_function = self._function
        try:
            yield
        finally:
            model.test_function = before


@contextmanager
def _values_kept(model):
    """Leaves no variable empty where an evaluation dies.

    JAX takes the values out of the variables for its length, and puts them
    back at its end only (keras/src/backend/jax/trainer.py).
    """
    if keras.backend.backend() != "jax":
        yield
        return
    kept = [(variable, variable.value) for variable in model.variables]
    kept += [(one, one.value) for one in model.metrics_variables]
    try:
        yield
    except BaseException:
        if getattr(model, "_jax_state", None):
            model.jax_state_sync()
        for variable, value in kept:
            if variable._value is None:
                variable._value = value
        raise


@contextmanager
def _without_regularizers(model):
    """Takes all regularizers off; yields whether there were any."""
    holders = [
        (variable, "regularizer")
        for variable in model.variables
        if getattr(variable, "regularizer", None) is not None
    ]
    holders += [
        (layer, "activity_regularizer")
        for layer in all_layers(model)
        if getattr(layer, "activity_regularizer", None) is not None
    ]
    kept = [(one, name, getattr(one, name)) for one, name in holders]
    try:
        for one, name in holders:
            setattr(one, name, None)
        yield bool(holders)
    finally:
        for one, name, value in kept:
            setattr(one, name, value)
