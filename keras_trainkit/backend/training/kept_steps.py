"""Compiled train steps of a model that are kept to be used again."""

from keras_trainkit.backend.training.baked_state import baked_state
from keras_trainkit.backend.training.step_numbers import StepNumbers
from keras_trainkit.backend.training.train_function import rebuild

# The model's attribute that holds them.
KEPT_STEPS = "_keras_trainkit_steps"
# A compiled step of a large model takes memory.
_MOST_KEPT = 8


def kept_steps(model):
    """Returns the `KeptSteps` of a model.

    Those made before someone else gave the model a train function of its own
    are forgotten: `compile` and `make_train_function(force=True)` say that
    the model has changed.

    Args:
        model: A compiled `keras.Model`.
    """
    kept = model.__dict__.get(KEPT_STEPS)
    if kept is None:
        # Past `__setattr__`, which would track what it holds.
        kept = model.__dict__[KEPT_STEPS] = KeptSteps(model)
    kept.notice_foreign_step()
    return kept


class KeptSteps:
    """The compiled train steps of one model, by what they have baked in.

    The plain step is what `model.train_function` is outside of our own doing.

    Args:
        model: A compiled `keras.Model`.
    """

    def __init__(self, model):
        self._model = model
        self._steps = {}
        self._plain = model.train_function

    def find(self, constants):
        """Returns the `KeptStep` for what is baked in now, or `None`.

        Args:
            constants: What is baked in beside the model's own state;
                hashable, empty for a plain step.
        """
        key = (constants, baked_state(self._model))
        step = self._steps.pop(key, None)
        if step is not None:
            self._steps[key] = step
        return step

    def make(self, count):
        """Returns a step that is traced anew, not yet kept.

        Args:
            count: How many numbers of each kind it reads.
        """
        model = self._model
        numbers = StepNumbers(model, count) if count else None
        before = model.train_function
        rebuild(model, numbers=numbers)
        step = KeptStep(model.train_function, numbers)
        model.train_function = before
        return step

    def keep(self, constants, step):
        """Keeps a step whose trace saw the model as it is now."""
        self._steps[constants, baked_state(self._model)] = step
        while len(self._steps) > _MOST_KEPT:
            del self._steps[next(iter(self._steps))]

    def forget(self):
        """Lets every step be traced anew."""
        self._steps = {}

    def put_plain(self, function):
        """Gives the model a train function that is not a foreign one."""
        self._model.train_function = self._plain = function

    def put_plain_anew(self):
        """Gives the model the plain step for its present state."""
        step = self.find(())
        if step is None:
            step = self.make(0)
            if self._model.optimizer.built:
                self.keep((), step)
        self.put_plain(step.function)

    def notice_foreign_step(self):
        """Forgets all where someone else has made the plain step."""
        function = self._model.train_function
        if function is not None and function is not self._plain:
            self.forget()
            self._plain = function


class KeptStep:
    """A compiled (or eager) train function.

    Args:
        function: What `fit` calls.
        numbers: The `StepNumbers` that it reads, or `None`.

    Attributes:
        acts: Whether it is known to do what it was made for.
    """

    def __init__(self, function, numbers=None):
        self.function = function
        self.numbers = numbers
        self.acts = False

    def __call__(self, args):
        """Calls it with the arguments that `fit` gives."""
        if self.numbers is not None:
            args = self.numbers.put_beside(args)
        return self.function(*args)


def forget_compiled_steps(model):
    """Lets every compiled function of `model` be traced anew when next used.

    Needed whenever something changed that tracing bakes in and that Keras
    does not look at again: constraints, the optimizer. Functions that were
    never made stay unmade.

    Args:
        model: A `keras.Model`, compiled or not.
    """
    kept = model.__dict__.get(KEPT_STEPS)
    if kept is not None:
        kept.forget()
    for kind in ("train", "test", "predict"):
        if getattr(model, f"{kind}_function", None) is not None:
            rebuild(model, kind)
