"""All that a prediction could change about a model and the random states."""

import random

import keras
import numpy as np
from keras.src.backend.common import global_state

from tests.helpers.arrays import to_numpy


def prediction_state(model):
    """Returns a structure that `unchanged` compares."""
    layers = model._flatten_layers()
    return {
        "variables": [to_numpy(v.value) for v in model.variables],
        "generators": [
            to_numpy(g.state.value)
            for layer in layers
            for g in layer._seed_generators
        ],
        "model": {name: id(value) for name, value in vars(model).items()},
        "layers": [_own(layer) for layer in layers],
        "global seed": global_seed(),
        "python": random.getstate(),
        "numpy": repr(np.random.get_state()),
    }


def global_seed():
    """Returns the state of Keras's global seed generator, or `None`."""
    generator = global_state.get_global_attribute("global_seed_generator")
    return generator and to_numpy(generator.state.value)


def changed(before, after):
    """Returns the names of what differs."""
    return [name for name in before if not _equal(before[name], after[name])]


def _own(layer):
    # Some others are set by any first call: LSTM's `supports_jit`, for one.
    return {
        name: id(value)
        for name, value in vars(layer).items()
        if name in ("call", "training", "_losses", "rate")
        or isinstance(value, keras.random.SeedGenerator)
    }


def _equal(a, b):
    if isinstance(a, list):
        return len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.tobytes() == b.tobytes()
    return a == b
