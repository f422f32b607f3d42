"""FineTuning's factor on a plain rate, a schedule and a curve."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers import replay
from tests.helpers.staged_fit import BATCH
from tests.helpers.staged_fit import EPOCHS
from tests.helpers.staged_fit import FACTORS
from tests.helpers.staged_fit import RATE
from tests.helpers.staged_fit import STEPS
from tests.helpers.staged_fit import THREE
from tests.helpers.staged_fit import TRAINED
from tests.helpers.staged_fit import TWO
from tests.helpers.staged_fit import FineTuning
from tests.helpers.staged_fit import Recorder
from tests.helpers.staged_fit import Score
from tests.helpers.staged_fit import X
from tests.helpers.staged_fit import Y
from tests.helpers.staged_fit import adam
from tests.helpers.staged_fit import by_hand
from tests.helpers.staged_fit import check
from tests.helpers.staged_fit import compiled
from tests.helpers.staged_fit import fit
from tests.helpers.staged_fit import loss_scale
from tests.helpers.staged_fit import rate_of
from tests.helpers.staged_fit import rates
from tests.helpers.staged_fit import sgd
from tests.helpers.tanh_net import NAMES
from tests.helpers.tanh_net import TanhReplay


def one_cycle_alone():
    """The curves of a `fit` without stages: see test_one_cycle.py for them."""
    callback = ktk.callbacks.OneCycle(0.2)
    driven = compiled(sgd())
    callback.set_params({"epochs": EPOCHS, "steps": STEPS})
    callback.set_model(driven)
    curves = callback.curves(driven.optimizer)
    steps = np.arange(EPOCHS * STEPS)
    return {name: f(steps, np, "float64") for name, f in curves.items()}


@pytest.mark.parametrize(
    "first, make, rule",
    [
        ("OneCycle", sgd, replay.sgd),
        ("FineTuning", sgd, replay.sgd),
        ("FineTuning", lambda: loss_scale(adam()), replay.adam),
    ],
    ids=["OneCycle first", "FineTuning first", "loss scale"],
)
def test_one_cycle_times_the_factor(first, make, rule):
    one_cycle, fine_tuning = ktk.callbacks.OneCycle(0.2), FineTuning(THREE)
    both = [one_cycle, fine_tuning]
    model = compiled(make())
    hand = TanhReplay(model.get_weights(), rule)
    fit(model, *(both if first == "OneCycle" else both[::-1]))
    trace, plain = one_cycle.trace(), one_cycle_alone()
    np.testing.assert_allclose(
        trace["learning_rate"],
        plain["learning_rate"] * np.repeat(FACTORS["three"], STEPS),
        rtol=1e-12,
    )
    np.testing.assert_array_equal(trace["momentum"], plain["momentum"])
    momenta = iter(trace["momentum"])
    for names, epoch_rates in zip(
        TRAINED["three"],
        np.split(trace["learning_rate"], EPOCHS),
        strict=True,
    ):
        hand.train(*names)
        for (x, y), rate in zip(
            replay.batches(X, Y, BATCH), epoch_rates, strict=True
        ):
            hand.step(x, y, learning_rate=rate, momentum=next(momenta))
    check(model, hand)
    assert rate_of(model) == pytest.approx(RATE * 0.01)
    inner = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    assert getattr(inner, "momentum", 0.9) == 0.9
    assert getattr(inner, "beta_1", 0.9) == 0.9


def test_a_compiled_schedule_is_scaled_and_saved(tmp_path):
    decay = keras.optimizers.schedules.InverseTimeDecay(RATE, 4, 0.5)
    model = compiled(keras.optimizers.SGD(decay, momentum=0.9))
    hand = TanhReplay(model.get_weights(), replay.sgd)
    fit(model, FineTuning(THREE))
    steps = np.arange(EPOCHS * STEPS)
    schedule = RATE / (1 + 0.5 * steps / 4)
    scaled = schedule * np.repeat(FACTORS["three"], STEPS)
    check(model, by_hand(hand, TRAINED["three"], scaled, momentum=0.9))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert rate_of(loaded) == pytest.approx(0.01 * RATE / (1 + 0.5 * 3))
    assert rate_of(loaded) == rate_of(model)


def test_reduce_lr_on_plateau_goes_on_from_the_multiplied_rate():
    model, recorder = compiled(), Recorder()
    fit(
        model,
        Score([1, 1, 1, 1]),
        FineTuning(TWO),
        keras.callbacks.ReduceLROnPlateau(
            monitor="score", mode="min", factor=0.5, patience=1
        ),
        recorder,
        epochs=4,
    )
    expected = RATE * np.array([1, 0.5, 0.025, 0.0125])
    np.testing.assert_allclose(recorder.rates, expected, rtol=1e-5)


def test_beginning_in_the_middle_a_plain_rate_is_not_multiplied_again():
    model = compiled()
    hand = TanhReplay(model.get_weights(), replay.sgd)
    fit(model, FineTuning({0: 1, 1: 2, 2: "all"}), initial_epoch=1)
    check(model, by_hand(hand, [NAMES[1:], NAMES], rates([1, 0.1])))
    assert rate_of(model) == pytest.approx(0.1 * RATE)


def test_beginning_in_the_middle_a_curve_is_at_its_stage():
    model = compiled()
    hand = TanhReplay(model.get_weights(), replay.sgd)
    curve = ktk.callbacks.OneCycle(0.2)
    fit(model, FineTuning({0: 1, 1: 2, 2: "all"}), curve, initial_epoch=1)
    trace = curve.trace()
    plain = one_cycle_alone()["learning_rate"] * np.repeat(
        [1, 0.1, 0.01], STEPS
    )
    np.testing.assert_array_equal(trace["step"], np.arange(STEPS, 3 * STEPS))
    np.testing.assert_allclose(trace["learning_rate"], plain[STEPS:])
    check(model, by_hand(hand, [NAMES[1:], NAMES], plain[STEPS:]))
    assert rate_of(model) == pytest.approx(0.1 * RATE)
