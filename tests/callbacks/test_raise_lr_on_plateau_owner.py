"""A kick is a factor on the curve of whoever owns the learning rate."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.scheduling.active_fit import active_fit
from tests.helpers import replay
from tests.helpers.kicked_fit import BATCH
from tests.helpers.kicked_fit import EPOCHS
from tests.helpers.kicked_fit import FACTOR
from tests.helpers.kicked_fit import RATE
from tests.helpers.kicked_fit import STEPS
from tests.helpers.kicked_fit import X
from tests.helpers.kicked_fit import Y
from tests.helpers.kicked_fit import assert_given_back
from tests.helpers.kicked_fit import compiled
from tests.helpers.kicked_fit import decay
from tests.helpers.kicked_fit import decayed
from tests.helpers.kicked_fit import decaying
from tests.helpers.kicked_fit import fit
from tests.helpers.kicked_fit import kicks
from tests.helpers.kicked_fit import per_update
from tests.helpers.kicked_fit import rate_of
from tests.helpers.kicked_fit import sgd
from tests.helpers.tanh_net import NAMES
from tests.helpers.tanh_net import TanhReplay
from tests.helpers.tanh_net import tanh_net

OWNERS = {
    "OneCycle": lambda: ktk.callbacks.OneCycle(0.1),
    "HyperparameterSchedule": lambda: ktk.callbacks.HyperparameterSchedule(
        learning_rate=decay(), momentum=lambda update: 0.5
    ),
}


@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
@pytest.mark.parametrize("name", OWNERS)
def test_a_factor_on_the_owners_curve(name, first):
    alone, owner, callback = OWNERS[name](), OWNERS[name](), kicks()
    fit(compiled(), alone)
    model = compiled()
    hand = replay.LinearReplay(model.get_weights(), replay.sgd)
    both = [callback, owner] if first else [owner, callback]
    history = fit(model, *both)
    trace, plain = owner.trace(), alone.trace()
    rates = plain["learning_rate"] * per_update(rate=1)
    np.testing.assert_allclose(trace["learning_rate"], rates, rtol=1e-12)
    np.testing.assert_array_equal(trace["momentum"], plain["momentum"])
    np.testing.assert_array_equal(
        callback.trace()["learning_rate"], trace["learning_rate"]
    )
    assert history["learning_rate"] == rates[STEPS - 1 :: STEPS].tolist()
    steps = zip(
        replay.batches(X, Y, BATCH, EPOCHS), rates, trace["momentum"],
        strict=True,
    )  # fmt: skip
    for (x, y), rate, momentum in steps:
        hand.step(x, y, learning_rate=rate, momentum=momentum)
    np.testing.assert_allclose(
        model.get_weights()[0], hand.weights[0], atol=2e-5
    )
    assert rate_of(model) == pytest.approx(RATE)
    assert model.optimizer.momentum == 0.5


def test_a_schedule_for_another_hyperparameter():
    momentum = ktk.callbacks.HyperparameterSchedule(momentum=lambda u: 0.9)
    history = fit(model := compiled(decaying()), momentum, kicks())
    expected = (decayed() * per_update(rate=1))[STEPS - 1 :: STEPS]
    np.testing.assert_allclose(history["learning_rate"], expected, rtol=1e-6)
    assert history["momentum"] == [0.9] * EPOCHS
    assert model.optimizer.momentum == 0.5


STAGES = {0: "head", 3: "all"}
TRAINED = [NAMES[2:]] * 3 + [NAMES] * 2
FINE_TUNED = {
    "plain": (sgd, None),
    "schedule": (decaying, None),
    "OneCycle": (sgd, lambda: ktk.callbacks.OneCycle(0.1)),
}


def unkicked(case):
    """Learning rate and momentum of every update, without this callback."""
    make, owner = FINE_TUNED[case]
    if owner is None:
        flat = np.full(EPOCHS * STEPS, RATE)
        return decayed() if make is decaying else flat, 0.5 * flat / RATE
    fit(compiled(), alone := owner())
    return alone.trace()["learning_rate"], alone.trace()["momentum"]


@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
@pytest.mark.parametrize("case", FINE_TUNED)
def test_a_stage_in_the_middle_of_a_kick(case, first):
    make, owner = FINE_TUNED[case]
    model = compiled(make(), tanh_net())
    hand = TanhReplay(model.get_weights(), replay.sgd)
    callback = kicks(patience=1, duration=2)
    others = [ktk.callbacks.FineTuning(STAGES), *([owner()] if owner else [])]
    fit(model, *([callback, *others] if first else [*others, callback]))
    rates, momenta = unkicked(case)
    rates = rates * per_update([1, 1, FACTOR, FACTOR * 0.1, 0.1], rate=1)
    np.testing.assert_allclose(
        callback.trace()["learning_rate"], rates, rtol=1e-6
    )
    steps = zip(rates, momenta, strict=True)
    for names in TRAINED:
        hand.train(*names)
        for x, y in replay.batches(X, Y, BATCH):
            rate, momentum = next(steps)
            hand.step(x, y, learning_rate=rate, momentum=momentum)
    for ours, theirs in zip(
        model.get_weights(), hand.weights.values(), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=2e-5)
    left = decayed(EPOCHS * STEPS + 1)[-1] if case == "schedule" else RATE
    assert rate_of(model) == pytest.approx(0.1 * left)


def test_beginning_in_a_later_stage_a_found_rate_is_not_lowered_for_it():
    stages = {0: "head", 1: "high", 2: "all"}
    model, callback = compiled(sgd(), tanh_net()), kicks(patience=1)
    fine_tuning = ktk.callbacks.FineTuning(stages)
    fit(model, callback, fine_tuning, epochs=4, initial_epoch=1)
    np.testing.assert_allclose(
        callback.trace()["learning_rate"],
        per_update([1, 0.1, 0.1 * FACTOR]),
        rtol=1e-6,
    )
    assert rate_of(model) == pytest.approx(0.1 * RATE)


@pytest.mark.parametrize(
    "make, rate",
    [(sgd, "0.005"), (decaying, "0.00333333 now, by InverseTimeDecay")],
)
def test_fine_tuning_names_the_rate_not_this_callback(make, rate, capsys):
    fine_tuning = ktk.callbacks.FineTuning({0: 1, 1: "all"}, 0.5, verbose=1)
    fit(compiled(make(), tanh_net()), kicks(), fine_tuning, epochs=2)
    assert capsys.readouterr().out.endswith(f"learning rate {rate}\n")


def test_two_of_them_multiply():
    twice = kicks(patience=1, factor=2.0, max_kicks=1)
    history = fit(compiled(), kicks(max_kicks=1), twice, epochs=4)
    np.testing.assert_allclose(
        history["learning_rate"], RATE * np.array([1, 1, 2, 3]), rtol=1e-6
    )


class CountsTraces(keras.Sequential):
    """A model that counts how often its step runs as Python."""

    traces = 0

    def train_step(self, *args):
        self.traces += 1
        return super().train_step(*args)


@pytest.mark.parametrize(
    "make, owner",
    [
        (sgd, None),
        (decaying, None),
        (sgd, lambda: ktk.callbacks.OneCycle(0.1)),
    ],
    ids=["plain", "schedule", "OneCycle"],
)
def test_a_fit_with_three_kicks_compiles_no_more_than_without(make, owner):
    def traces(*callbacks):
        model = CountsTraces([keras.Input((8,)), keras.layers.Dense(1)])
        fit(compiled(make(), model), *callbacks, epochs=12)
        return model.traces

    owners = [owner()] if owner else []
    assert traces(kicks(), *owners) == traces()


def set_rate(model):
    model.optimizer.learning_rate = 0.5


def set_schedule(model):
    model.optimizer.learning_rate = decay()


class At(keras.callbacks.Callback):
    """Calls `act(model)` at one hook."""

    def __init__(self, hook, act):
        super().__init__()
        setattr(self, hook, lambda *args, **kwargs: act(self.model))


FOREIGN = {
    "LearningRateScheduler": (
        sgd,
        lambda: keras.callbacks.LearningRateScheduler(lambda epoch: 0.5),
    ),
    "ReduceLROnPlateau": (
        sgd,
        lambda: keras.callbacks.ReduceLROnPlateau(
            "score", mode="min", patience=1
        ),
    ),
    "a rate": (sgd, lambda: At("on_epoch_end", set_rate)),
    "a schedule for a rate": (sgd, lambda: At("on_epoch_begin", set_schedule)),
    "another schedule": (decaying, lambda: At("on_epoch_end", set_schedule)),
}


@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_writer_is_an_error(name, first):
    make, foreign = FOREIGN[name]
    model, both = compiled(make()), [kicks(), foreign()]
    with pytest.raises(ValueError, match="left to RaiseLROnPlateau during"):
        fit(model, *both[:: -1 if first else 1])


def test_a_curve_on_a_compiled_schedule_is_still_an_error():
    model = compiled(decaying())
    one_cycle = ktk.callbacks.OneCycle(0.1)
    with pytest.raises(ValueError, match="Compile the optimizer with a float"):
        fit(model, kicks(), one_cycle)
    assert active_fit(model) is None
    fit(model, epochs=1)
    assert_given_back(model, decaying)


def test_a_second_curve_is_still_an_error():
    curves = [ktk.callbacks.OneCycle(0.1), ktk.callbacks.OneCycle(0.2)]
    with pytest.raises(ValueError, match="Remove one of the two callbacks"):
        fit(compiled(), kicks(), *curves)


def test_a_callable_that_is_no_schedule():
    model = compiled(keras.optimizers.SGD(lambda: 0.1))
    before = model.get_weights()
    with pytest.raises(ValueError, match="a number or a LearningRateSchedule"):
        fit(model, kicks())
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
