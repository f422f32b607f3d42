"""Compiled steps that see the model as it is now."""

import contextlib
import sys

import keras

# What runs while a function that is decorated by hand is traced.
_TRACERS = ("tensorflow.python.eager.polymorphic_function", "jax._src.pjit")


def rebuild(model, kind="train", numbers=None):
    """Makes `model.train_function` anew, never from an older trace.

    `make_train_function(force=True)` alone is not enough on JAX: `jax.jit`
    keys its traces by the function, two bound methods of one model are equal,
    so it would find the trace of the model as it was. A function it has not
    seen has no trace.

    Args:
        model: A compiled `keras.Model`.
        kind: `"train"`, `"test"` or `"predict"`. Defaults to `"train"`.
        numbers: `StepNumbers` that the step reads; whoever calls the function
            puts them beside its arguments. Defaults to `None`.
    """
    name = f"{kind}_step"
    step = getattr(model, name)

    def unseen_step(*args, **kwargs):
        if numbers is None:
            return step(*args, **kwargs)
        with numbers.taken_out(args) as own:
            return step(*own, **kwargs)

    own = model.__dict__.get(name)
    # Of a step that brings variables of its own: instrumented_step.py
    carried = getattr(own, "carried", None)
    visible = contextlib.nullcontext() if carried is None else carried.visible()
    # Past `__setattr__`, which would track the function.
    model.__dict__[name] = unseen_step
    try:
        with visible:
            getattr(model, f"make_{kind}_function")(force=True)
    finally:
        if own is None:
            del model.__dict__[name]
        else:
            model.__dict__[name] = own
    if carried is not None:
        function = getattr(model, f"{kind}_function")
        setattr(model, f"{kind}_function", own.around(function))


def renew_carried_state(model):
    """Lets what JAX's `fit` carries beside the model be of its variables now.

    In an epoch whose data has run out `fit` writes back what it carried in the
    epoch before (keras/src/backend/jax/trainer.py); of another trainable set
    that would be the values of other variables.

    Args:
        model: A `keras.Model`, between epochs if it is in `fit`.
    """
    state = getattr(model, "_jax_state", None)
    if not state:
        return
    held = {
        "trainable_variables": model.trainable_variables,
        "non_trainable_variables": model.non_trainable_variables,
        "optimizer_variables": model.optimizer.variables,
        "metrics_variables": model.metrics_variables,
    }
    model._jax_state = {
        name: [variable.value for variable in held[name]] for name in state
    }


def traced_by_hand():
    """Whether code that Keras has not compiled is tracing the caller.

    To be asked where a step of `rebuild` is traced: a `tf.function` or
    `jax.jit` inside of it keeps that trace when Keras makes the step anew.
    """
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_name != "unseen_step":
        if frame.f_globals.get("__name__", "").startswith(_TRACERS):
            return True
        frame = frame.f_back
    return False


def is_compiled_by_hand(model):
    """Whether the author of `model` compiled its `train_step`.

    Such a step keeps its own traces, which `rebuild` does not reach.

    Args:
        model: A `keras.Model`.
    """
    backend = keras.backend.backend()
    step = getattr(model.train_step, "__func__", model.train_step)
    if backend == "tensorflow":
        import tensorflow as tf

        return isinstance(step, tf.types.experimental.PolymorphicFunction)
    if backend == "jax":
        import jax

        return isinstance(step, type(jax.jit(lambda: None)))
    return False
