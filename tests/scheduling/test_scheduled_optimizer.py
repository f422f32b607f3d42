"""What an optimizer does with the values that curves put into it."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers import replay
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data

BATCH, EPOCHS = 16, 2
X, Y = regression_data(64)
RATE, PLAIN = 0.05, 0.5


def rmsprop(w, g, slots, learning_rate, momentum, rho=0.9, eps=1e-7):
    v = slots["v"] = rho * slots.get("v", 0.0) + (1 - rho) * g * g
    m = momentum * slots.get("m", 0.0) + learning_rate * g / np.sqrt(v + eps)
    slots["m"] = m
    return w - m


OPTIMIZERS = {
    "sgd": (keras.optimizers.SGD, {"momentum": PLAIN}, replay.sgd),
    "nesterov": (
        keras.optimizers.SGD,
        {"momentum": PLAIN, "nesterov": True},
        replay.nesterov,
    ),
    "rmsprop": (keras.optimizers.RMSprop, {"momentum": PLAIN}, rmsprop),
    "adam": (keras.optimizers.Adam, {}, replay.adam),
}
MOMENTA = {
    "from zero": lambda update: 0.9 * (update > 2),
    "to zero and back": lambda update: 0.9 * (update % 3 != 1),
    "zero": lambda update: 0.0,
}


@pytest.mark.parametrize(
    "momentum, mode",
    [("from zero", "compiled"), *((name, "eager") for name in MOMENTA)],
)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_momentum_of_zero_is_a_number_like_any_other(name, momentum, mode):
    make, arguments, rule = OPTIMIZERS[name]
    model = linear_model()
    model.compile(make(RATE, **arguments), "mse", run_eagerly=mode == "eager")
    hand = replay.LinearReplay(model.get_weights(), rule)
    curve = MOMENTA[momentum]
    schedule = ktk.callbacks.HyperparameterSchedule(momentum=curve)
    model.fit(
        X, Y, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0,
        callbacks=[schedule],
    )  # fmt: skip
    for update, (x, y) in enumerate(replay.batches(X, Y, BATCH, EPOCHS)):
        hand.step(x, y, learning_rate=RATE, momentum=curve(update))
    for ours, theirs in zip(model.get_weights(), hand.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-5)
