"""A `fit` on a flat score, and the rates that kicks give it."""

import keras
import numpy as np

import keras_trainkit as ktk
from keras_trainkit.scheduling.active_fit import active_fit
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data

TORCH = keras.backend.backend() == "torch"
# XLA on TensorFlow compiles for seconds and adds nothing to most tests.
XLA = {"jit_compile": keras.backend.backend() == "jax"}
BATCH, STEPS, EPOCHS, RATE, FACTOR = 16, 4, 5, 0.01, 3.0
X, Y = regression_data(BATCH * STEPS)
# A flat score and a patience of two: the fourth epoch is kicked.
KICKED = np.array([1, 1, 1, FACTOR, 1])


class Score(keras.callbacks.Callback):
    """Logs what the callbacks behind it shall see; the last one stays."""

    def __init__(self, *scores):
        super().__init__()
        self.scores = scores

    def on_epoch_end(self, epoch, logs=None):
        logs["score"] = self.scores[min(epoch, len(self.scores) - 1)]


def kicks(**options):
    arguments = {"factor": FACTOR, "patience": 2, "mode": "min", **options}
    return ktk.callbacks.RaiseLROnPlateau("score", **arguments)


def compiled(optimizer=None, model=None, **options):
    model = model or linear_model()
    model.compile(optimizer or sgd(), "mse", **{**XLA, **options})
    return model


def fit(model, *callbacks, epochs=EPOCHS, scores=(1.0,), **options):
    return model.fit(
        X,
        Y,
        batch_size=BATCH,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=[Score(*scores), *callbacks],
        **options,
    ).history


def sgd(**options):
    return keras.optimizers.SGD(RATE, momentum=0.5, **options)


def decay():
    return keras.optimizers.schedules.InverseTimeDecay(RATE, 4, 0.5)


def decaying(**options):
    return keras.optimizers.SGD(decay(), momentum=0.5, **options)


def rate_of(model):
    return float(model.optimizer.learning_rate)


def per_update(factors=KICKED, rate=RATE):
    return np.repeat(np.asarray(factors, "float64"), STEPS) * rate


def decayed(steps=EPOCHS * STEPS):
    return RATE / (1 + 0.5 * np.arange(steps) / 4)


def assert_given_back(model, make):
    """A plain `fit` trains on as that of a model loaded from its config."""
    assert active_fit(model) is None
    assert "make_train_function" not in vars(model)
    assert "apply" not in vars(model.optimizer)
    ours, theirs = model.optimizer.get_config(), make().get_config()
    np.testing.assert_equal({**ours, "name": ""}, {**theirs, "name": ""})
    twin = compiled(make())
    twin.set_weights(model.get_weights())
    twin.optimizer.build(twin.trainable_variables)
    for ours, theirs in zip(
        twin.optimizer.variables, model.optimizer.variables, strict=True
    ):
        ours.assign(keras.ops.copy(theirs.value))
    assert rate_of(twin) == rate_of(model)
    fit(model, epochs=1)
    fit(twin, epochs=1)
    for ours, theirs in zip(
        model.get_weights(), twin.get_weights(), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)
