"""Compiling a copy of a model as the model is, with its optimizer's state."""

import contextlib
import inspect

import keras

from keras_trainkit.backend.optimizer.optimizer_copies import optimizer_copy
from keras_trainkit.backend.training.compile_copies import unshared
from keras_trainkit.kernels.argument_checks import bad_value

_HINT = "Compile the copy by hand: `clone(model, compile=False)`."
_REST = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def carry_compile_state(model, clone, copies):
    """Compiles `clone` with what `model` is compiled with.

    The loss, metrics and settings are those given to `compile`; metrics are
    copies, without what they have seen. The optimizer is a copy with its
    state.

    Args:
        model: A compiled `keras.Model`.
        clone: A copy of it.
        copies: `{id(variable): (variable, its copy)}` of the model.

    Raises:
        ValueError: If `compile` of the model's class takes arguments that
            Keras does not know, or the optimizer cannot be copied.
    """
    _require_known_arguments(model)
    # What `compile` was called with: keras/src/trainers/trainer.py
    given = dict(model._compile_config.config)
    given["optimizer"] = optimizer_copy(model.optimizer, copies)
    for name in ("metrics", "weighted_metrics"):
        given[name] = keras.tree.map_structure(unshared, given[name])
    # An optimizer that scales the loss is scaling it already.
    clone.compile(**given, auto_scale_loss=False)
    for name in ("run_eagerly", "steps_per_execution", "jit_compile"):
        if getattr(clone, name) != getattr(model, name):
            setattr(clone, name, getattr(model, name))


@contextlib.contextmanager
def without_optimizer(model):
    """Within the block, a file that is written holds no optimizer's state.

    `save_weights` writes what it finds among the model's attributes, and
    `include_optimizer` is for the old formats only:
    keras/src/saving/saving_lib.py, saving_api.py

    Args:
        model: A `keras.Model`.
    """
    held = vars(model).pop("optimizer", None)
    try:
        yield
    finally:
        # Past `__setattr__`, as it was put there once.
        vars(model)["optimizer"] = held


def uncompile(model):
    """Makes a model that compiles itself an uncompiled one."""
    model.compiled = False
    model.optimizer = None


def _require_known_arguments(model):
    parameters = inspect.signature(type(model).compile).parameters.values()
    own = [p.name for p in parameters if p.kind not in _REST][1:]
    takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters)
    known = [*inspect.signature(keras.Model.compile).parameters][1:]
    unknown = [name for name in own if name not in known]
    missing = [name for name in known if name not in own and not takes_all]
    if unknown or missing:
        raise bad_value(
            "model",
            model.name,
            "of a class whose `compile` takes the arguments of Keras's, not "
            f"{unknown} besides, nor all but {missing}",
            _HINT,
        )
