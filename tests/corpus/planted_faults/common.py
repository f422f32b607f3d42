"""Tasks that the faulty programs start from, each sound in itself."""

import keras
from keras import layers

from tests.corpus import arrays
from tests.corpus.program import Fault
from tests.corpus.program import Program

SPARSE = "sparse_categorical_crossentropy"


def sequential(shape, *stack):
    return keras.Sequential([layers.Input(shape), *stack])


def hidden(units=64, activation="relu", name=None, **kwargs):
    kwargs.setdefault("kernel_initializer", "he_normal")
    return layers.Dense(units, activation, name=name, **kwargs)


def adam(rate=1e-3, **kwargs):
    return keras.optimizers.Adam(rate, **kwargs)


def on_digits(model, *faults, optimizer=None, loss=SPARSE, **kwargs):
    """Trains `model` on 600 digits; `kwargs` replace what is usual."""
    model.compile(
        optimizer or adam(), loss, metrics=kwargs.pop("metrics", ["accuracy"])
    )
    shape = model.input_shape[1:]
    x, y = arrays.digits() if len(shape) == 1 else arrays.digit_images()
    (x, y), held_out = arrays.held_out(x, y, arrays.TRAIN)
    usual = {
        "x": x,
        "y": y,
        "epochs": 30,
        "validation_data": held_out,
        "task": "classes",
    }
    return Program(model, faults=_faults(faults), **(usual | kwargs))


def on_houses(model, *faults, optimizer=None, loss="mse", **kwargs):
    """Trains `model` on 400 standardised houses and prices."""
    model.compile(
        optimizer or adam(), loss, metrics=kwargs.pop("metrics", ["mae"])
    )
    x, y = arrays.houses()
    x, y = arrays.standardized(x, 400), arrays.standardized(y[:, None], 400)
    (x, y), held_out = arrays.held_out(x, y, 400)
    usual = {
        "x": x,
        "y": y,
        "epochs": 50,
        "validation_data": held_out,
        "task": "regression",
    }
    return Program(model, faults=_faults(faults), **(usual | kwargs))


def fault(topics, where, sentence, mild=False):
    """A `Fault` with its topics in one string."""
    return Fault(tuple(topics.split()), where, sentence, mild)


def _faults(faults):
    if not faults:
        raise ValueError("Expected at least one fault.")
    return tuple(faults)
