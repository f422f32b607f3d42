"""A train step with instruments in it, for the length of one run."""

import contextlib

import keras

from keras_trainkit.backend.optimizer import update_hooks
from keras_trainkit.backend.optimizer.anatomy import batches_seen
from keras_trainkit.backend.optimizer.anatomy import innermost
from keras_trainkit.backend.optimizer.traced_number import is_traced
from keras_trainkit.backend.training.carried_state import CarriedState
from keras_trainkit.backend.training.train_function import is_compiled_by_hand
from keras_trainkit.backend.training.train_function import traced_by_hand
from keras_trainkit.kernels.argument_checks import bad_value

_STEP = "train_step"


def instrumented_step(model):
    """Returns the `InstrumentedStep` that `model` has, or `None`.

    One whose run has died is taken off first.

    Args:
        model: A `keras.Model`.
    """
    step = vars(model).get(_STEP)
    if not isinstance(step, InstrumentedStep):
        return None
    if step.over():
        step.take_off()
        return None
    return step


class InstrumentedStep:
    """Stands in for `model.train_step`, and for the hooks below it.

    Args:
        model: A compiled and built `keras.Model`, its optimizer built.
        instruments: List of instruments. Each has `variables`, what it reads
            and writes in the step; `around(step, carried)`, which returns the
            step with what it does around it, where `carried` are the
            variables of all instruments; `applying` and `clipping`, as
            `update_hooks.lend_updates` calls them.
        running: The `RunningFit` that it is for.
        remake: Callable without arguments that makes the model's train
            function anew.

    Raises:
        ValueError: When the model's `train_step` is compiled by hand.
    """

    def __init__(self, model, instruments, running, remake):
        if is_compiled_by_hand(model):
            raise bad_value(
                "train_step",
                model.train_step,
                "one that Keras compiles, where a callback measures in it",
                "Take the decorator (`tf.function`, `jax.jit`) off: `fit` "
                "compiles the step.",
            )
        self._model = model
        self._instruments = list(instruments)
        self._own = vars(model).get(_STEP)
        self._plain = model.train_step
        self._optimizer = innermost(model.optimizer)
        self._acting = False
        self.remake = remake
        self.running = running
        self.carried = CarriedState(
            model, [v for one in instruments for v in one.variables]
        )

    @property
    def instruments(self):
        """Returns a list of the instruments."""
        return list(self._instruments)

    def is_for(self, model, instruments):
        """Whether it may be put on again, so that its traces are found."""
        same = len(instruments) == len(self._instruments) and all(
            a is b for a, b in zip(instruments, self._instruments, strict=True)
        )
        return (
            same
            and self._model is model
            and self._own is vars(model).get(_STEP)
            and self._optimizer is innermost(model.optimizer)
        )

    def put_on(self):
        """Gives the step to the model."""
        # Past `__setattr__`, which would track what it holds.
        vars(self._model)[_STEP] = self
        update_hooks.lend_updates(self._optimizer, self, self._model)

    def take_off(self):
        """Gives the model its own step back, and makes its function anew."""
        self.lift()
        self.running.forget()
        self.remake()

    def lift(self):
        """Gives the model its own step back; its functions stay."""
        update_hooks.take_updates_back(self._optimizer)
        if self._own is None:
            vars(self._model).pop(_STEP, None)
        else:
            vars(self._model)[_STEP] = self._own

    def over(self):
        """Whether the run was left without an `on_train_end`."""
        return not self.running.encloses_caller() and not self.running.alive()

    def around(self, function):
        """Returns a train function that this step belongs to."""
        return _TrainFunction(self, function)

    def call(self, function, args):
        """Calls a train function that was made with this step."""
        if self.over():
            if vars(self._model).get(_STEP) is self:
                self.take_off()
            else:
                self.remake()
            return self._model.train_function(*args)
        return self.carried.call(function, args)

    def __call__(self, *args):
        """Makes one step, in a trace or eagerly."""
        if self.over() or not self.carried.arrived(args):
            return self._plain(*args)
        step = self._plain
        for instrument in self._instruments:
            step = instrument.around(step, self.carried.variables)
        with self._acts(), self.carried.visible():
            return step(*args)

    @contextlib.contextmanager
    def _acts(self):
        before, self._acting = self._acting, True
        try:
            yield
        finally:
            self._acting = before

    def applying(self, optimizer, plain, grads, variables):
        """Lets every instrument see an update, the first one outermost."""
        traced = self._acting and is_traced(batches_seen(optimizer))
        if traced and traced_by_hand():
            raise ValueError(
                "Expected a `train_step` that Keras compiles, where a "
                "callback measures in it. Received: one with a function of "
                "its own that is decorated (`tf.function`, `jax.jit`) and "
                "applies the optimizer: it would keep what is measured in "
                "this run for good. Take the decorator off: `fit` compiles "
                "the step."
            )
        self._through("applying", optimizer, plain)(grads, variables)

    def clipping(self, optimizer, plain, grads):
        """Lets every instrument see the gradients before and after."""
        return self._through("clipping", optimizer, plain)(grads)

    def _through(self, name, optimizer, plain):
        if not self._acting:
            if self.over():
                update_hooks.take_updates_back(optimizer)
            return plain
        for instrument in self._instruments:
            plain = _bound(getattr(instrument, name), optimizer, plain)
        return plain


def _bound(method, optimizer, plain):
    return lambda *args: method(optimizer, plain, *args)


class _TrainFunction:
    def __init__(self, step, function):
        self._step = step
        self._function = function

    def __call__(self, *args):
        return self._step.call(self._function, args)


def refuse_replicas(model, owner):
    """Raises where a step may run on several replicas.

    Each sees the gradients of its own part of a batch, and none of them may
    write a variable where a condition holds
    (keras/src/backend/tensorflow/optimizer.py).

    Args:
        model: A compiled `keras.Model`.
        owner: Name of the callback, for errors.
    """
    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    strategy = model.distribute_strategy
    mirrored = isinstance(strategy, tf.distribute.MirroredStrategy)
    if mirrored or strategy.num_replicas_in_sync > 1:
        raise bad_value(
            "distribute_strategy",
            type(strategy).__name__,
            f"none with {owner}, which looks into the step of one device",
            f"Leave {owner} out, or train on one device.",
        )
