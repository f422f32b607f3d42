"""Any curve acts: weights after `fit` equal replays by hand."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers import pairwise
from tests.helpers import replay
from tests.helpers.by_hand import train_linear
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data

S = keras.optimizers.schedules
TORCH = keras.backend.backend() == "torch"
BATCH, EPOCHS, STEPS = 16, 3, 4
X, Y = regression_data(64)


def fit(model, callbacks, optimizer=None, **options):
    optimizer = optimizer or keras.optimizers.SGD(0.01, momentum=0.5)
    model.compile(optimizer, "mse", **options)
    return model.fit(
        X,
        Y,
        batch_size=BATCH,
        epochs=EPOCHS,
        shuffle=False,
        verbose=0,
        callbacks=callbacks,
    ).history


CURVES = {
    "schedules": (
        S.CosineDecay(0.1, 12),
        S.PolynomialDecay(0.9, 12, 0.5),
        lambda p: 0.1 * 0.5 * (1 + np.cos(np.pi * p / 12)),
        lambda p: 0.9 - 0.4 * p / 12,
    ),
    "functions": (
        lambda p: 0.05 / (1 + p),
        lambda p: 0.5 + 0.03 * p,
        lambda p: 0.05 / (1 + p),
        lambda p: 0.5 + 0.03 * p,
    ),
}
MODES = {"default": {}, "eager": {"run_eagerly": True}}
if not TORCH:
    MODES["four-steps-per-execution"] = {"steps_per_execution": 4}


@pytest.mark.parametrize(
    "kind, unit, mode", pairwise.cases(CURVES, ["update", "epoch"], MODES)
)
def test_weights_equal_a_float64_replay(kind, unit, mode):
    rate, momentum, rate_at, momentum_at = CURVES[kind]
    model = linear_model()
    hand = replay.LinearReplay(model.get_weights(), replay.sgd)
    schedule = ktk.callbacks.HyperparameterSchedule(rate, momentum, unit=unit)
    fit(model, [schedule], **MODES[mode])
    for i, (x, y) in enumerate(replay.batches(X, Y, BATCH, EPOCHS)):
        p = i / STEPS if unit == "epoch" else i
        hand.step(x, y, learning_rate=rate_at(p), momentum=momentum_at(p))
    for ours, theirs in zip(model.get_weights(), hand.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-5)


@pytest.mark.parametrize("name", ["SGD", "AdamW"])
def test_weight_decay_follows_its_curve(name):
    make = getattr(keras.optimizers, name)
    schedule = ktk.callbacks.HyperparameterSchedule(
        weight_decay=lambda p: 0.5 / (1 + p)
    )
    history = fit(
        model := linear_model(), [schedule], make(0.05, weight_decay=0.1)
    )
    assert model.optimizer.weight_decay == 0.1
    values = [{"weight_decay": 0.5 / (1 + p)} for p in range(EPOCHS * STEPS)]
    by_hand = train_linear(
        linear_model(),
        make(0.05, weight_decay=0.1),
        X,
        Y,
        BATCH,
        EPOCHS,
        values,
    )
    for ours, theirs in zip(model.get_weights(), by_hand, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-5)
    np.testing.assert_allclose(
        history["weight_decay"], [0.5 / 4, 0.5 / 8, 0.5 / 12]
    )


def test_updates_are_counted_not_batches_under_accumulation():
    schedule = ktk.callbacks.HyperparameterSchedule(
        learning_rate=lambda p: 0.1 / (1 + p)
    )
    optimizer = keras.optimizers.SGD(0.01, gradient_accumulation_steps=2)
    fit(linear_model(), [schedule], optimizer)
    np.testing.assert_allclose(
        schedule.trace()["learning_rate"], 0.1 / (1 + np.arange(6))
    )


def test_epochs_under_accumulation_are_fits_own():
    schedule = ktk.callbacks.HyperparameterSchedule(
        learning_rate=lambda epoch: 0.1 * (1 + epoch), unit="epoch"
    )
    optimizer = keras.optimizers.SGD(0.01, gradient_accumulation_steps=2)
    fit(linear_model(), [schedule], optimizer)
    np.testing.assert_allclose(
        schedule.trace()["learning_rate"], 0.1 * (1 + np.arange(6) / 2)
    )


def test_one_cycle_of_its_own_is_one_use_of_it():
    cycle = ktk.callbacks.OneCycle(0.1, cycle_momentum=False)
    fit(a := linear_model(), [cycle])
    schedule = ktk.callbacks.HyperparameterSchedule(
        ktk.schedules.OneCycle(0.1, total_steps=12)
    )
    fit(b := linear_model(), [schedule])
    for ours, theirs in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_two_callbacks_may_share_the_hyperparameters():
    rate = ktk.callbacks.HyperparameterSchedule(lambda p: 0.1)
    momentum = ktk.callbacks.HyperparameterSchedule(momentum=lambda p: 0.7)
    history = fit(model := linear_model(), [rate, momentum])
    assert history["learning_rate"] == [0.1] * 3
    assert history["momentum"] == [0.7] * 3
    assert model.optimizer.momentum == 0.5
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)


def test_momentum_beside_a_compiled_schedule():
    schedule = ktk.callbacks.HyperparameterSchedule(momentum=lambda p: 0.0)
    decay = S.ExponentialDecay(0.1, 1, 0.9)
    model = linear_model()
    hand = replay.LinearReplay(model.get_weights(), replay.sgd)
    fit(model, [schedule], keras.optimizers.SGD(decay, momentum=0.5))
    for i, (x, y) in enumerate(replay.batches(X, Y, BATCH, EPOCHS)):
        hand.step(x, y, learning_rate=0.1 * 0.9**i, momentum=0.0)
    for ours, theirs in zip(model.get_weights(), hand.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-5)


class Table(S.LearningRateSchedule):
    """As long as the run, and no longer."""

    def __call__(self, step):
        rates = np.linspace(0.1, 0.01, EPOCHS * STEPS).astype("float32")
        return keras.ops.take(keras.ops.convert_to_tensor(rates), step)


def test_a_schedule_may_end_with_the_run():
    schedule = ktk.callbacks.HyperparameterSchedule(Table())
    fit(linear_model(), [schedule])
    np.testing.assert_allclose(
        schedule.trace()["learning_rate"],
        np.linspace(0.1, 0.01, EPOCHS * STEPS),
        rtol=1e-6,
    )


@pytest.mark.parametrize(
    ("arguments", "optimizer"),
    [
        ({"momentum": lambda p: 0.5}, keras.optimizers.SGD),
        ({"weight_decay": lambda p: 0.5}, keras.optimizers.SGD),
        (
            {"learning_rate": lambda p: 0.5},
            lambda: keras.optimizers.SGD(S.ExponentialDecay(0.1, 1, 0.9)),
        ),
    ],
    ids=["momentum", "weight decay", "compiled schedule"],
)
def test_what_the_optimizer_does_not_use_cannot_be_scheduled(
    arguments, optimizer
):
    schedule = ktk.callbacks.HyperparameterSchedule(**arguments)
    with pytest.raises(ValueError, match="HyperparameterSchedule"):
        fit(linear_model(), [schedule], optimizer())


UNFIT = {
    "a string": (lambda p: "0.1", TypeError),
    "none": (lambda p: None, TypeError),
    "one element": (lambda p: np.array([0.5]), TypeError),
    "above 1": (lambda p: 1.5 if p == 7 else 0.5, ValueError),
    "schedule above 1": (S.PolynomialDecay(0.5, 10, 1.5), ValueError),
    "warm-up above 1": (
        S.CosineDecay(0.5, 6, warmup_target=1.5, warmup_steps=5),
        ValueError,
    ),
}


@pytest.mark.parametrize("kind", UNFIT)
def test_a_curve_of_useless_values_is_named_before_training(kind):
    curve, error = UNFIT[kind]
    schedule = ktk.callbacks.HyperparameterSchedule(momentum=curve)
    model = linear_model()
    before = model.get_weights()
    with pytest.raises(error, match=r"`momentum` must be a curve .* it is"):
        fit(model, [schedule])
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    assert model.optimizer.momentum == 0.5
    assert int(model.optimizer.iterations) == 0


@pytest.mark.parametrize("unit", ["update", "epoch"])
def test_unknown_length(unit):
    def unsized():
        yield X[:16], Y[:16]

    model = linear_model()
    model.compile("sgd", "mse")
    schedule = ktk.callbacks.HyperparameterSchedule(lambda p: 0.1, unit=unit)
    with pytest.raises(ValueError, match="steps_per_epoch"):
        model.fit(unsized(), verbose=0, callbacks=[schedule])


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, ValueError),
        ({"learning_rate": 0.1}, TypeError),
        ({"momentum": lambda p: 0.1, "unit": "batch"}, ValueError),
        ({"momentum": lambda p: 0.1, "unit": None}, TypeError),
    ],
    ids=["nothing", "no callable", "unit", "no unit"],
)
def test_bad_arguments(arguments, error):
    with pytest.raises(error, match="must be"):
        ktk.callbacks.HyperparameterSchedule(**arguments)
