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
        first = model.train_function
        if isinstance(first, _FirstCall) and not first.expected():
            # Of a `fit` that died before its first step.
            rebuild(model)
        model.train_function = _FirstCall(self, model.train_function)

    def expected(self):
        """Whether the `fit` that it stands by for goes on."""
        return self._fit.alive()

    def call(self, function, iterator):
        """Makes the first train call.

        Other callbacks may stand by, too; those that began to do so first act
        first.
        """
        model = self._model
        if not self._fit.alive():
            rebuild(model)
            return model.train_function(iterator)
        standing_by = [self]
        while isinstance(function, _FirstCall):
            standing_by.append(function.before)
            function = function.function
        model.train_function = function
        build_from(model, iterator)
        for before in reversed(standing_by):
            before.act()
        return model.train_function(iterator)

    def act(self):
        """Does what had to wait for the model."""
        self._act()
        self._fit.forget()


class _FirstCall:
    def __init__(self, before, function):
        self.before = before
        self.function = function

    def expected(self):
        """Whether its `fit` goes on."""
        return self.before.expected()

    def __call__(self, iterator):
        return self.before.call(self.function, iterator)
