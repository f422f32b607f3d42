"""One `fit` with instruments inside its compiled step.

Several callbacks may measure in one step. They share one `InstrumentedStep`;
one that comes or goes makes it anew, and the last one gives the model its own
step back.
"""

from keras_trainkit.backend.optimizer.anatomy import innermost
from keras_trainkit.backend.optimizer.update_hooks import take_updates_back
from keras_trainkit.backend.training.instrumented_step import InstrumentedStep
from keras_trainkit.backend.training.instrumented_step import instrumented_step
from keras_trainkit.probing.finite_steps import FiniteSteps

_STEPS = "steps_of_runs"


def add_instrument(model, instrument, running, remake):
    """Puts an instrument into the train step of a model.

    Args:
        model: A compiled and built `keras.Model`, its optimizer built.
        instrument: See `InstrumentedStep`.
        running: The `RunningFit` of the callback.
        remake: Callable without arguments that makes the model's train
            function anew.
    """
    before = instrumented_step(model)
    others = [] if before is None else before.instruments
    if before is not None:
        running = before.running
        before.lift()
    _put_on(model, [*others, instrument], running, remake)


def remove_instrument(model, instrument):
    """Takes an instrument out again, if it is in the model's step."""
    step = instrumented_step(model)
    if step is None or instrument not in step.instruments:
        # A run that died, or another callback, has taken the step off.
        take_updates_back(innermost(model.optimizer))
        return
    others = [one for one in step.instruments if one is not instrument]
    if not others:
        step.take_off()
        return
    running = step.running
    step.lift()
    _put_on(model, others, running, step.remake)


def undone_batches(model):
    """Returns how many batches another instrument has undone, a whole number.

    Args:
        model: The `keras.Model` in the run.
    """
    step = instrumented_step(model)
    return sum(
        one.counts()["undone"]
        for one in (() if step is None else step.instruments)
        if isinstance(one, FiniteSteps)
    )


def require_in_step(model, instrument, owner):
    """Raises where another callback has put its own train step in the way.

    Args:
        model: The `keras.Model` in the run.
        instrument: What `add_instrument` has put in.
        owner: Name of the callback, for errors.
    """
    step = instrumented_step(model)
    if step is None or instrument not in step.instruments:
        take_updates_back(innermost(model.optimizer))
        raise ValueError(
            f"Expected the model's `train_step` to be left to {owner} during "
            "this `fit`. Received: another `train_step`, set by someone else, "
            "such as LearningRateFinder. Remove one of the two."
        )


def _put_on(model, instruments, running, remake):
    # The step of an earlier run with the same instruments has been compiled.
    steps = vars(instruments[0]).setdefault(_STEPS, {})
    key = tuple(map(id, instruments))
    step = steps.get(key)
    if step is not None and step.is_for(model, instruments):
        step.running, step.remake = running, remake
    else:
        step = InstrumentedStep(model, instruments, running, remake)
        steps[key] = step
    step.put_on()
    remake()
