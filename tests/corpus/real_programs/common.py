"""What the programs have in common."""

import keras
import numpy as np
from keras import layers

from tests.corpus.planted_faults.common import fault
from tests.corpus.program import Program

__all__ = ["SGD", "Adam", "asked", "dense", "fault", "one_hot", "sequential"]

SGD, Adam = keras.optimizers.SGD, keras.optimizers.Adam


def sequential(shape, *stack):
    return keras.Sequential([layers.Input(shape), *stack])


def dense(units, activation=None, **kwargs):
    return layers.Dense(units, activation, **kwargs)


def one_hot(labels, classes):
    return np.eye(classes, dtype="float32")[labels]


def asked(fixed, model, train, held_out, *faults, trains=True, **kwargs):
    """A `Program`, whose faults are gone if it is the fixed one."""
    return Program(
        model,
        *train,
        validation_data=held_out,
        faults=() if fixed else faults,
        trains=fixed or trains,
        **kwargs,
    )
