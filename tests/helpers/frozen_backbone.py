"""A reused network in two parts: a frozen backbone and a new head."""

import keras

import keras_trainkit as ktk
from tests.helpers.models import FEATURES
from tests.helpers.models import regression_data
from tests.helpers.traces import QUICK

X, Y = regression_data(40)
L = keras.layers


def backbone(*between):
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            L.Dense(6, activation="tanh", name="first"),
            L.BatchNormalization(name="norm"),
            *between,
            L.Dense(5, name="second"),
            L.Activation("tanh", name="last"),
        ],
        name="backbone",
    )


def reused(*between, seed=1, freeze=True, dropout=0.5, **compiled):
    """Returns a compiled model; `between` come inside the backbone."""
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((FEATURES,))
    x = backbone(*between)(inputs)
    x = L.Dropout(dropout, name="drop")(x)
    # A head beside float16 is float32, as Keras advises.
    x = L.Dense(1, name="head", dtype="float32", kernel_regularizer="l2")(x)
    model = keras.Model(inputs, x, name="classifier")
    if freeze:
        ktk.transfer.set_trainable(model, "head")
    if not compiled.get("run_eagerly"):
        compiled = {**QUICK, **compiled}
    compiled.setdefault("optimizer", keras.optimizers.Adam(1e-2))
    model.compile(loss="mse", metrics=["mae"], **compiled)
    return model
