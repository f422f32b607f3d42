"""The compiled steps of a scheduled `fit`, kept for those that come after."""

import contextlib

from keras_trainkit.backend.training.kept_steps import KeptStep
from keras_trainkit.backend.training.kept_steps import kept_steps


class ScheduledFunctions:
    """Puts train functions that run under curves into a model.

    A step bakes in the curves. Where they begin, and the factors on them, it
    reads as data; so a later `fit` with equal curves finds the step that was
    compiled before. The model's own step waits meanwhile.

    Args:
        model: A compiled `keras.Model`.
        step: Callable `(kept_step, args)` that calls one of the model's train
            functions under the curves.
        stand_in: What is called in place of `model.make_train_function` until
            `uninstall`.
    """

    def __init__(self, model, step, stand_in):
        self._model = model
        self._step = step
        self._stand_in = stand_in
        self._make = model.make_train_function
        self._kept = kept_steps(model)
        self._plain = model.train_function
        self._train_step = self._own_train_step()
        self._chosen = {}
        model.__dict__["make_train_function"] = stand_in

    def installed(self):
        """Whether the model's train function is one of these."""
        return isinstance(self._model.train_function, _ScheduledFunction)

    def choose(self, claims):
        """Puts the step for these claims into the model.

        Args:
            claims: Those whose values are computed in the step.

        Returns:
            The `KeptStep`. Its numbers are the origins of the claims and
            their factors, in this order.
        """
        constants = tuple(claim.constants() for claim in claims)
        if constants not in self._chosen:
            self._chosen[constants] = self._found(constants)
        step = self._chosen[constants]
        if step.numbers is not None:
            step.numbers.write(
                [claim.origin for claim in claims],
                [claim.factor for claim in claims],
            )
        self._model.train_function = _ScheduledFunction(self._step, step)
        return step

    def keep(self, step):
        """Keeps a step, which has been called, for later runs.

        Not one of a train step that was changed for this run alone.
        """
        if self._own_train_step() is not self._train_step:
            return
        for constants, chosen in self._chosen.items():
            if chosen is step and constants:
                self._kept.keep(constants, step)

    def renew(self):
        """Lets the steps fit the model, which has changed."""
        self.renew_scheduled()
        self._plain = None

    def renew_scheduled(self):
        """Lets them fit a train step that was changed for this run alone."""
        self._chosen = {}

    def forget(self):
        """Lets every step be traced anew when it is chosen next."""
        self.renew()
        self._kept.forget()

    def uninstall(self):
        """Gives the model its own method and its own step back."""
        del self._model.__dict__["make_train_function"]
        if self.installed():
            if self._plain is None:
                self._kept.put_plain_anew()
            else:
                self._kept.put_plain(self._plain)
        self._chosen, self._kept, self._plain = {}, None, None
        self._train_step = self._make = None

    def _found(self, constants):
        if constants:
            step = self._kept.find(constants)
            if step is None:
                with self._past_the_stand_in():
                    step = self._kept.make(len(constants))
            return step
        if self._plain is None:
            with self._past_the_stand_in():
                self._kept.put_plain_anew()
            self._plain = self._model.train_function
        step = KeptStep(self._plain)
        # Nothing has to be computed in it.
        step.acts = True
        return step

    @contextlib.contextmanager
    def _past_the_stand_in(self):
        model = self._model
        model.__dict__["make_train_function"] = self._make
        try:
            yield
        finally:
            model.__dict__["make_train_function"] = self._stand_in

    def _own_train_step(self):
        return self._model.__dict__.get("train_step")


class _ScheduledFunction:
    """A train function that runs under its control's curves."""

    def __init__(self, call, step):
        self._call = call
        self._step = step

    def __call__(self, *args):
        return self._call(self._step, args)
