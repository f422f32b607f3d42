"""Reports on a network of one layer, with data or without."""

import keras
import numpy as np

from keras_trainkit.diagnostics import check_model

X = np.random.default_rng(0).normal(size=(60, 4))
ROW = np.arange(60)
HOT = np.eye(3)[ROW % 3]
SPARSE = "sparse_categorical_crossentropy"
CATEGORICAL = "categorical_crossentropy"
BINARY = "binary_crossentropy"


def report(units, activation, loss, y=None, families=("L",), **more):
    """Returns the report on a `Dense` layer named "last".

    Args:
        units: Its units.
        activation: Its activation.
        loss: The loss.
        y: Targets, or `None` to look at the model alone.
        families: Codes, or their beginnings, to select.
        **more: `x`, and `metrics` for `compile`.
    """
    x = more.pop("x", X)
    model = keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            keras.layers.Dense(units, activation=activation, name="last"),
        ]
    )
    model.compile("adam", loss, **more)
    given = () if y is None else (x, y)
    return check_model(model, *given, select=list(families))


def codes(*args, **kwargs):
    """Returns the codes of the findings of `report`."""
    return [one.code for one in report(*args, **kwargs).findings]
