"""Engines that spread training over devices, and what they cannot do."""

import contextlib

import keras

from keras_trainkit.backend.devices.between_processes import spans_processes
from keras_trainkit.backend.devices.data_parallel import require_optimizer
from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.kernels.argument_checks import bad_value


def refuse_impossible(callback):
    """Raises where `callback` would have no effect, or Keras would fail.

    To be called in `on_train_begin`, before anything is changed.

    Args:
        callback: A `keras.callbacks.Callback` whose model is set.

    Raises:
        ValueError: For a model in `DistributedDataParallel` that has no
            optimizer; for gradient accumulation, or several steps per
            execution on several replicas, under `MirroredStrategy`; with
            several workers of a `MultiWorkerMirroredStrategy`.
    """
    owner = type(callback).__name__
    require_optimizer(callback)
    refuse_workers(callback.model, owner)
    if keras.backend.backend() == "tensorflow":
        _refuse_under_mirrored_strategy(callback.model, owner)


def refuse_workers(model, owner):
    """Raises where several workers of TensorFlow would train a model.

    Keras 3 cannot (keras/src/backend/tensorflow/trainer.py).

    Args:
        model: A `keras.Model`.
        owner: Name of the callback or function, for errors.
    """
    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    strategy = getattr(model, "_distribute_strategy", None)
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return
    # tensorflow/python/distribute/collective_all_reduce_strategy.py
    workers = strategy.extended._num_workers
    if workers > 1:
        raise _several_workers(workers, owner)


def refuse_to_be_worker(owner):
    """Raises in a process that is one of several workers of TensorFlow.

    To be called where a callback is made: Keras's `fit` fails before it has
    told a callback anything (keras/src/backend/tensorflow/trainer.py).

    Args:
        owner: Name of the callback, for errors.
    """
    if keras.backend.backend() != "tensorflow":
        return
    from tensorflow.python.eager import context

    # What `MultiWorkerMirroredStrategy` has started: `enable_collective_ops`
    # in that file.
    started = context.context()._collective_ops_server_def
    if started is None:
        return
    workers = sum(
        len(job.tasks)
        for job in started.cluster.job
        if job.name in ("chief", "worker")
    )
    if workers > 1:
        raise _several_workers(workers, owner)


def _several_workers(workers, owner):
    return bad_value(
        "distribute_strategy",
        f"MultiWorkerMirroredStrategy with {workers} workers",
        f"one of a single process, with or without {owner}: `fit` of Keras 3 "
        "does not train on several workers",
        "Use `MirroredStrategy` for the devices of one machine. For several "
        "machines, use the JAX backend with `jax.distributed` and "
        "`keras.distribution`: see docs/distributed.md.",
    )


def refuse_processes(owner, why):
    """Raises where several processes of JAX train one model.

    Args:
        owner: Name of the callback or function, for errors.
        why: Why it cannot be used there, half a sentence.
    """
    if spans_processes():
        raise ValueError(
            f"Expected one process with {owner}. Received: several, started "
            f"by `jax.distributed`, under a `keras.distribution`: {why}. "
            f"Leave {owner} out, or run it on the saved model, in one process."
        )


def refuse_strategy(model, owner, why):
    """Raises for a model that was made in the scope of a `tf.distribute` one.

    Args:
        model: A `keras.Model`.
        owner: Name of the function, for errors.
        why: Why it cannot be used there, half a sentence.
    """
    strategy = getattr(model, "_distribute_strategy", None)
    if strategy is not None:
        raise bad_value(
            "distribute_strategy",
            type(strategy).__name__,
            f"none with {owner}: {why}",
            "Make the model outside of the strategy's scope.",
        )


def refuse_devices(model, owner, why):
    """Raises where several devices of this process share each batch.

    Args:
        model: A `keras.Model`.
        owner: Name of the function, for errors.
        why: Why it cannot be used there, half a sentence.
    """
    refuse_strategy(model, owner, why)
    distribution = keras.distribution.distribution()
    if distribution is not None and distribution.device_mesh.devices.size > 1:
        raise bad_value(
            "distribution",
            type(distribution).__name__,
            f"one of a single device, or none, with {owner}: {why}",
            "Call `keras.distribution.set_distribution(None)` before the model "
            "is made.",
        )


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
