"""A `fit` in stages of the tanh network, and its replay by hand."""

import keras
import numpy as np

import keras_trainkit as ktk
from tests.helpers import replay
from tests.helpers.models import SubclassedMLP
from tests.helpers.models import regression_data
from tests.helpers.tanh_net import NAMES
from tests.helpers.tanh_net import tanh_net

BATCH, STEPS, EPOCHS, RATE = 16, 4, 3, 0.05
X, Y = regression_data(BATCH * STEPS)
FineTuning = ktk.callbacks.FineTuning
TWO = {0: 1, 2: "all"}
THREE = {0: "head", 1: ["high"], 2: lambda layer: True}
TRAINED = {
    "two": [NAMES[2:], NAMES[2:], NAMES],
    "three": [NAMES[2:], NAMES[1:], NAMES],
}
FACTORS = {"two": [1, 1, 0.1], "three": [1, 0.1, 0.01]}


def fit(model, *callbacks, x=X, y=Y, epochs=EPOCHS, **options):
    return model.fit(
        x,
        y,
        batch_size=BATCH,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=list(callbacks),
        **options,
    )


def compiled(optimizer=None, model=None, **options):
    model = model or tanh_net()
    model.compile(optimizer or keras.optimizers.SGD(RATE), "mse", **options)
    return model


def by_hand(hand, plan, rates, x=X, y=Y, **values):
    """Replays epochs that train `plan[epoch]`, at one rate per batch."""
    data = list(replay.batches(x, y, BATCH))
    rates = iter(rates)
    for names in plan:
        hand.train(*names)
        for bx, by in data:
            hand.step(bx, by, learning_rate=next(rates), **values)
    return hand


def rates(factors, rate=RATE):
    return np.repeat(np.asarray(factors) * rate, STEPS)


def check(model, hand, atol=2e-5):
    for ours, theirs in zip(
        model.get_weights(), hand.weights.values(), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=atol)


def rate_of(model):
    return float(model.optimizer.learning_rate)


def trained(model):
    return [layer.name for layer in ktk.models.trainable_layers(model)]


def sgd(**options):
    return keras.optimizers.SGD(RATE, momentum=0.9, **options)


def adam(**options):
    return keras.optimizers.Adam(RATE, **options)


def loss_scale(inner):
    return keras.optimizers.LossScaleOptimizer(
        inner, initial_scale=64.0, dynamic_growth_steps=2
    )


class Recorder(keras.callbacks.Callback):
    """Weights at every epoch's end, and what the optimizer keeps then."""

    def on_train_begin(self, logs=None):
        self.weights, self.slots, self.rates = [], [], []

    def on_epoch_end(self, epoch, logs=None):
        model = self.model
        self.weights.append([np.array(w) for w in model.get_weights()])
        self.slots.append(len(model.optimizer.variables))
        self.rates.append(rate_of(model))


class Score(keras.callbacks.Callback):
    """Logs what the monitoring callbacks behind it shall see."""

    def __init__(self, scores):
        super().__init__()
        self.scores = scores

    def on_epoch_end(self, epoch, logs=None):
        logs["score"] = self.scores[epoch]


def subclassed():
    model = SubclassedMLP()
    model(np.ones((2, 4), "float32"))
    return model, 1
