"""The compiled steps of a scheduled `fit`, one for each set of constants."""

from keras_trainkit.backend.training.train_function import rebuild


class ScheduledFunctions:
    """Puts train functions that run under curves into a model.

    What is constant in a compiled step may come and go, such as the factors
    on a curve; then it finds the step that was compiled for it before.

    Args:
        model: A compiled `keras.Model`.
        step: Callable `(function, args)` that calls one of the model's train
            functions under the curves.
        stand_in: What is called in place of `model.make_train_function` until
            `uninstall`.
    """

    def __init__(self, model, step, stand_in):
        self._model = model
        self._step = step
        self._stand_in = stand_in
        self._make = model.make_train_function
        self._made = {}
        model.__dict__["make_train_function"] = stand_in

    def installed(self):
        """Whether the model's train function is one of these."""
        return isinstance(self._model.train_function, _ScheduledFunction)

    def choose(self, constants):
        """Puts the step with these constants into the model.

        Args:
            constants: What tracing bakes in; hashable.
        """
        if constants not in self._made:
            self._made[constants] = self._trace_anew()
        self._model.train_function = self._made[constants]

    def forget(self):
        """Lets every step be traced anew when it is chosen next."""
        self._made = {}

    def uninstall(self):
        """Gives the model its own method and its own step back."""
        del self._model.__dict__["make_train_function"]
        self.forget()
        if self.installed():
            rebuild(self._model)

    def _trace_anew(self):
        model = self._model
        model.__dict__["make_train_function"] = self._make
        try:
            rebuild(model)
        finally:
            model.__dict__["make_train_function"] = self._stand_in
        return _ScheduledFunction(self._step, model.train_function)


class _ScheduledFunction:
    """A train function that runs under its control's curves."""

    def __init__(self, step, function):
        self._step = step
        self._function = function

    def __call__(self, *args):
        return self._step(self._function, args)
