"""A small classifier, checked for how much it is trained."""

import keras
import numpy as np

from keras_trainkit.diagnostics import check_model

LAYERS = keras.layers
X = np.random.default_rng(0).normal(size=(320, 4))
Y = (X[:, 0] > 0).astype(int)
CORNERS = np.stack(np.meshgrid(*[[-1.0, 1.0]] * 4), axis=-1).reshape(16, 4)
PARITY = (CORNERS.prod(axis=1) > 0).astype(int)


def findings(
    optimizer,
    rows=320,
    batch_size=32,
    epochs=None,
    frozen=False,
    loss="binary_crossentropy",
    units=4,
    parity=False,
):
    """Returns what the rules on epochs and batches find."""
    model = keras.Sequential(
        [
            keras.Input((4,)),
            LAYERS.Dense(units, activation="relu", trainable=not frozen),
            LAYERS.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer, loss)
    return check_model(
        model,
        CORNERS if parity else X[:rows],
        PARITY if parity else Y[:rows],
        batch_size=batch_size,
        epochs=epochs,
        select=["O108", "O109", "O110"],
    ).findings
