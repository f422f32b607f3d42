"""Engines that spread training over devices, and what they cannot do."""

import contextlib

import keras

from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value


def refuse_impossible(callback):
    """Raises where `callback` would have no effect, or Keras would fail.

    To be called in `on_train_begin`, before anything is changed.

    Args:
        callback: A `keras.callbacks.Callback` whose model is set.

    Raises:
        TypeError: For a model in `DistributedDataParallel`.
        ValueError: For gradient accumulation, or several steps per
            execution on several replicas, under `MirroredStrategy`.
    """
    owner = type(callback).__name__
    _refuse_wrapped(callback._model, owner)
    if keras.backend.backend() == "tensorflow":
        _refuse_under_mirrored_strategy(callback.model, owner)


def is_distributed(model):
    """Whether a model's variables or batches are spread over devices."""
    strategy = getattr(model, "_distribute_strategy", None)
    return strategy is not None or keras.distribution.distribution() is not None


def variable_scope(model):
    """Returns the context in which a model's own variables are made.

    `_distribute_strategy`: keras/src/backend/tensorflow/trainer.py

    Args:
        model: A `keras.Model`.
    """
    strategy = getattr(model, "_distribute_strategy", None)
    return strategy.scope() if strategy else contextlib.nullcontext()


def _refuse_wrapped(model, owner):
    # `_model`: keras/src/callbacks/callback.py; `Callback.model` unwraps it,
    # so a callback would act on a model whose `fit` is never called.
    if keras.backend.backend() != "torch":
        return
    from torch.nn.parallel import DistributedDataParallel

    if isinstance(model, DistributedDataParallel):
        raise bad_type(
            "model",
            model,
            f"a `keras.Model` trained by `fit` where {owner} is a callback",
            "It acts inside `fit`'s train function and optimizer, which a "
            "DistributedDataParallel loop does not use. Give the loop's "
            "optimizer a schedule instead, such as "
            "`keras_trainkit.schedules.OneCycle` (or torch's own scheduler "
            "for torch's own optimizer), and freeze layers before wrapping "
            "the model.",
        )


def _refuse_under_mirrored_strategy(model, owner):
    import tensorflow as tf

    strategy = model.distribute_strategy
    if model.run_eagerly or not isinstance(
        strategy, tf.distribute.MirroredStrategy
    ):
        return
    where = f"under MirroredStrategy, with or without {owner}"
    steps = anatomy.accumulation_steps(anatomy.innermost(model.optimizer))
    if steps > 1:
        # keras/src/optimizers/base_optimizer.py updates in a `cond`, where
        # the strategy cannot sum gradients.
        raise bad_value(
            "gradient_accumulation_steps",
            steps,
            f"None {where}: TensorFlow cannot sum the gradients of the "
            "replicas in a condition",
            "Take a larger batch, or `run_eagerly=True`.",
        )
    if model.steps_per_execution > 1 and strategy.num_replicas_in_sync > 1:
        # https://github.com/keras-team/keras/issues/19246
        raise bad_value(
            "steps_per_execution",
            model.steps_per_execution,
            f"1 {where}: Keras's loop over batches does not run on several "
            "replicas",
            "Compile with `steps_per_execution=1`.",
        )
