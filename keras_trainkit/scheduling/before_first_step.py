"""Acting on a model that `fit` has not built when the callbacks begin."""

from keras_trainkit.backend.model.building import build_from
from keras_trainkit.backend.training.running_fit import RunningFit
from keras_trainkit.backend.training.train_function import rebuild


class BeforeFirstStep:
    """Builds a model right before the first train call, and acts on it then.

    Where `fit` builds a model by tracing its first step, a callback finds it
    unbuilt in `on_train_begin` and `on_epoch_begin`. What tracing is to see
    has to be done before, with the data in hand.

    Args:
        model: A compiled `keras.Model`.
        act: Callable without arguments; may give the model another train
            function.
    """

    def __init__(self, model, act):
        self._model = model
        self._act = act
        self._fit = RunningFit()

    def stand_by(self):
        """Comes before the next train call.

        To be called in `on_train_batch_begin`: until then other callbacks may
        have given the model their own train functions.
        """
        model = self._model
        if isinstance(model.train_function, _FirstCall):
            # Of a `fit` that died before its first step.
            rebuild(model)
        model.train_function = _FirstCall(self, model.train_function)

    def call(self, function, iterator):
        """Makes the first train call."""
        model = self._model
        if not self._fit.alive():
            rebuild(model)
            return model.train_function(iterator)
        model.train_function = function
        build_from(model, iterator)
        self._act()
        self._fit.forget()
        return model.train_function(iterator)


class _FirstCall:
    def __init__(self, before, function):
        self._before = before
        self._function = function

    def __call__(self, iterator):
        return self._before.call(self._function, iterator)
