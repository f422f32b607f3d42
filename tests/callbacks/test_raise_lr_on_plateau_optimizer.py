"""Weights after a kicked `fit` equal a float64 replay of the optimizer."""

import keras
import numpy as np
import pytest

from tests.helpers import replay
from tests.helpers.kicked_fit import BATCH
from tests.helpers.kicked_fit import EPOCHS
from tests.helpers.kicked_fit import KICKED
from tests.helpers.kicked_fit import RATE
from tests.helpers.kicked_fit import STEPS
from tests.helpers.kicked_fit import TORCH
from tests.helpers.kicked_fit import X
from tests.helpers.kicked_fit import Y
from tests.helpers.kicked_fit import compiled
from tests.helpers.kicked_fit import decay
from tests.helpers.kicked_fit import decayed
from tests.helpers.kicked_fit import decaying
from tests.helpers.kicked_fit import fit
from tests.helpers.kicked_fit import kicks
from tests.helpers.kicked_fit import per_update
from tests.helpers.kicked_fit import rate_of
from tests.helpers.kicked_fit import sgd


def adam(**options):
    return keras.optimizers.Adam(RATE, **options)


def loss_scale(inner):
    return keras.optimizers.LossScaleOptimizer(
        inner, initial_scale=64.0, dynamic_growth_steps=2
    )


MODES = {
    "default": {"jit_compile": "auto"},
    "eager": {"run_eagerly": True, "jit_compile": False},
    "no-xla": {"jit_compile": False},
    "steps-per-execution": {"steps_per_execution": 4},
}
if TORCH:  # Keras refuses steps_per_execution there, and runs eagerly anyway.
    MODES = {name: MODES[name] for name in ("default", "eager")}
RULES = {
    "sgd": (sgd, replay.sgd, {"momentum": 0.5}),
    "adam": (adam, replay.adam, {}),
}


def check_replay(model, hand, rates, **values):
    data = replay.batches(X, Y, BATCH, EPOCHS)
    for (x, y), rate in zip(data, rates, strict=True):
        hand.step(x, y, learning_rate=rate, **values)
    for ours, theirs in zip(model.get_weights(), hand.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-5)


@pytest.mark.parametrize(
    "rule, mode, wrap",
    [
        *(("sgd", mode, lambda optimizer: optimizer) for mode in MODES),
        ("adam", "default", lambda optimizer: optimizer),
        ("adam", "default", loss_scale),
    ],
    ids=[*MODES, "adam", "loss-scale"],
)
def test_a_plain_rate_equals_a_float64_replay(rule, mode, wrap):
    make, update, values = RULES[rule]
    model = compiled(wrap(make()), **MODES[mode])
    hand = replay.LinearReplay(model.get_weights(), update)
    callback = kicks()
    history = fit(model, callback)
    trace = callback.trace()
    np.testing.assert_allclose(trace["learning_rate"], per_update(), rtol=1e-6)
    np.testing.assert_array_equal(trace["step"], np.arange(EPOCHS * STEPS))
    np.testing.assert_allclose(history["learning_rate"], RATE * KICKED, 1e-6)
    check_replay(model, hand, per_update(), **values)
    assert rate_of(model) == pytest.approx(RATE)


@pytest.mark.parametrize("mode", MODES)
def test_a_compiled_schedule_equals_a_float64_replay(mode):
    model = compiled(decaying(), **MODES[mode])
    hand = replay.LinearReplay(model.get_weights(), replay.sgd)
    callback = kicks()
    history = fit(model, callback)
    rates = decayed() * per_update(rate=1)
    trace = callback.trace()["learning_rate"]
    np.testing.assert_allclose(trace, rates, rtol=1e-6)
    assert history["learning_rate"] == trace[STEPS - 1 :: STEPS].tolist()
    check_replay(model, hand, rates, momentum=0.5)
    assert model.optimizer._learning_rate.initial_learning_rate == RATE


@pytest.mark.parametrize(
    "make",
    [lambda: loss_scale(decaying()), lambda: decaying(weight_decay=0.1)],
    ids=["loss scale", "weight decay"],
)
def test_a_compiled_schedule_with_an_option(make):
    """Keras itself, with the kicked schedule compiled in, is the oracle."""

    class Kicked(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            epoch = keras.ops.cast(step, "int32") // STEPS
            return decay()(step) * keras.ops.take(
                keras.ops.convert_to_tensor(KICKED, "float32"), epoch
            )

    model, oracle = compiled(make()), make()
    fit(model, kicks())
    inner = getattr(oracle, "inner_optimizer", oracle)
    inner.learning_rate = Kicked()
    fit(by_keras := compiled(oracle))
    for ours, theirs in zip(
        model.get_weights(), by_keras.get_weights(), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_accumulation_leaves_the_schedules_own_count_of_batches():
    make = decaying
    callback = kicks()
    fit(compiled(make(gradient_accumulation_steps=2)), callback)
    batches = decayed() * per_update(rate=1)
    np.testing.assert_allclose(
        callback.trace()["learning_rate"], batches[1::2], rtol=1e-6
    )
