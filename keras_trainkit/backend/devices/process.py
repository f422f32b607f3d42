"""Which process of a distributed run this is."""

import json
import os

import keras


def is_main_process():
    """Whether this process is the one that prints and writes files."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return jax.process_index() == 0
    if backend == "torch":
        import torch.distributed as dist

        launched = dist.is_available() and dist.is_initialized()
        return not launched or dist.get_rank() == 0
    config = json.loads(os.environ.get("TF_CONFIG", "{}"))
    task = config.get("task", {})
    chiefs = ["chief"] if "chief" in config.get("cluster", {}) else ["worker"]
    # Without a chief the first worker is the chief (tf.distribute's rule).
    return not task or (task["type"] in chiefs and int(task["index"]) == 0)
