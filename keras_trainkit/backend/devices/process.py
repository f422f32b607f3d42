"""Which process of a distributed run this is."""

import json
import os
import sys

import keras


def is_main_process():
    """Whether this process is the one that prints and writes files.

    On JAX the process 0 of `jax.distributed`, on torch rank 0 of the process
    group, on TensorFlow the chief, or the first worker where there is none,
    of the strategy in whose scope the caller is, or else of `TF_CONFIG`.
    """
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return jax.process_index() == 0
    if backend == "torch":
        import torch.distributed as dist

        launched = dist.is_available() and dist.is_initialized()
        return not launched or dist.get_rank() == 0
    cluster, kind, index = _task_of_scope() or _task_of_environment()
    # Without a chief the first worker is the chief (tf.distribute's rule).
    chief = "chief" if "chief" in cluster else "worker"
    return kind is None or (kind == chief and int(index) == 0)


def shown(verbose):
    """Returns `verbose` on the main process, and 0 on all others.

    For whatever prints by itself: Keras's own progress bars ask nobody.

    Args:
        verbose: As `fit` takes it.
    """
    return verbose if is_main_process() else 0


def _task_of_scope():
    """Returns cluster, type and index of the current strategy's task."""
    tf = sys.modules.get("tensorflow")
    resolver = tf and tf.distribute.get_strategy().cluster_resolver
    if not resolver or resolver.task_type is None:
        return None
    cluster = resolver.cluster_spec().as_dict()
    return cluster, resolver.task_type, resolver.task_id


def _task_of_environment():
    config = json.loads(os.environ.get("TF_CONFIG", "{}"))
    task = config.get("task", {})
    return config.get("cluster", {}), task.get("type"), task.get("index")
