"""Everything that a `fit` may change, as NumPy arrays to compare."""

import random

import keras
import numpy as np
from keras.src.backend.common import global_state

from tests.helpers.arrays import to_numpy


def fit_state(model):
    """Returns `{what: value}` for a compiled model and the random states."""
    optimizer = model.optimizer
    return {
        "variables": [to_numpy(v.value) for v in model.variables],
        "metrics": [to_numpy(v.value) for v in model.metrics_variables],
        "optimizer": [to_numpy(v.value) for v in optimizer.variables],
        "built": optimizer.built,
        "attributes": [
            model.__dict__.get(name)
            for name in ("history", "train_function", "train_step")
        ],
        "flags": [model.stop_training, model.steps_per_execution],
        "trainable": [v.trainable for v in model.variables],
        **random_states(),
    }


def random_states():
    """Returns the global random states, of the backend's libraries too."""
    generator = global_state.get_global_attribute("global_seed_generator")
    states = {
        "python": random.getstate(),
        "numpy": [np.array(part) for part in np.random.get_state()],
        "keras": generator and [generator, to_numpy(generator.state.value)],
    }
    if keras.backend.backend() == "torch":
        import torch

        states["torch"] = torch.random.get_rng_state().numpy()
    if keras.backend.backend() == "tensorflow":
        from tensorflow.python.eager import context

        states["tensorflow"] = context.context()._rng.getstate()
    return states


def changes(before, after):
    """Returns the names of what is not bit for bit the same."""
    return [name for name in before if not _same(before[name], after[name])]


def _same(first, second):
    if isinstance(first, (list, tuple)):
        return len(first) == len(second) and all(map(_same, first, second))
    if isinstance(first, np.ndarray):
        return first.dtype == second.dtype and np.array_equal(
            first, second, equal_nan=first.dtype.kind == "f"
        )
    return first is second or first == second
