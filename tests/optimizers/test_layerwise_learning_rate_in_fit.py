"""Rates of their own in a compiled `fit`, with all that sets the rate."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers import replay
from tests.helpers.staged_fit import EPOCHS
from tests.helpers.staged_fit import FACTORS
from tests.helpers.staged_fit import RATE
from tests.helpers.staged_fit import STEPS
from tests.helpers.staged_fit import THREE
from tests.helpers.staged_fit import TRAINED
from tests.helpers.staged_fit import X
from tests.helpers.staged_fit import Y
from tests.helpers.staged_fit import by_hand
from tests.helpers.staged_fit import check
from tests.helpers.staged_fit import compiled
from tests.helpers.staged_fit import fit
from tests.helpers.staged_fit import loss_scale
from tests.helpers.staged_fit import rate_of
from tests.helpers.staged_fit import rates
from tests.helpers.tanh_net import NAMES
from tests.helpers.tanh_net import TanhReplay
from tests.helpers.tanh_net import tanh_net

Layerwise = ktk.optimizers.LayerwiseLearningRate
MULTIPLIERS = {"low": 0.25, "high": 0.5}
PATTERNS = {"*low*": 0.25, "*high*": 0.5}
UPDATES = STEPS * EPOCHS
# XLA on TensorFlow compiles for seconds and adds nothing here.
XLA = {"jit_compile": keras.backend.backend() == "jax"}


def sgd(**options):
    inner = keras.optimizers.SGD(RATE, momentum=0.9, **options)
    return Layerwise(inner, PATTERNS)


def adam(**options):
    return Layerwise(keras.optimizers.Adam(RATE, **options), PATTERNS)


def decay_of(update):
    return RATE * (1 + update)


def in_epochs(*factors):
    return np.repeat(np.asarray(factors) * RATE, STEPS)


# name: optimizer, callbacks, rate of each update, rule, options of the replay
CURVES = {
    "HyperparameterSchedule": (
        sgd,
        lambda: [ktk.callbacks.HyperparameterSchedule(learning_rate=decay_of)],
        [decay_of(i) for i in range(UPDATES)],
        {},
    ),
    "OneCycle": (
        sgd,
        lambda: [ktk.callbacks.OneCycle(0.1, cycle_momentum=False)],
        [
            float(ktk.schedules.OneCycle(0.1, UPDATES)(i))
            for i in range(UPDATES)
        ],
        {},
    ),
    "LearningRateScheduler": (
        sgd,
        lambda: [
            keras.callbacks.LearningRateScheduler(lambda e: RATE * (e + 1))
        ],
        in_epochs(1, 2, 3),
        {},
    ),
    "ReduceLROnPlateau": (
        sgd,
        lambda: [
            keras.callbacks.ReduceLROnPlateau(
                "loss", factor=0.5, patience=1, min_delta=1e9
            )
        ],
        in_epochs(1, 1, 0.5),
        {},
    ),
    "RaiseLROnPlateau": (
        sgd,
        lambda: [
            ktk.callbacks.RaiseLROnPlateau(
                "loss", factor=2.0, patience=1, min_delta=1e9
            )
        ],
        in_epochs(1, 1, 2),
        {},
    ),
    "a loss scale": (
        lambda: loss_scale(sgd()),
        list,
        in_epochs(1, 1, 1),
        {},
    ),
    "accumulation": (
        lambda: sgd(gradient_accumulation_steps=2),
        list,
        in_epochs(1, 1, 1),
        {"accumulate": 2},
    ),
    "averages": (
        lambda: sgd(use_ema=True, ema_momentum=0.8),
        list,
        in_epochs(1, 1, 1),
        {"ema": 0.8},
    ),
    "clipping and decay": (
        lambda: sgd(clipnorm=0.1, weight_decay=0.2),
        list,
        in_epochs(1, 1, 1),
        {"clipnorm": 0.1, "weight_decay": 0.2},
    ),
}


@pytest.mark.parametrize("case", CURVES)
def test_a_fit_equals_its_replay(case):
    make, callbacks, curve, options = CURVES[case]
    model = compiled(make(), **XLA)
    hand = TanhReplay(
        model.get_weights(), replay.sgd, multipliers=MULTIPLIERS, **options
    )
    fit(model, *callbacks())
    by_hand(hand, [NAMES] * EPOCHS, curve, momentum=0.9)
    if "ema" in options:
        hand.average()
    check(model, hand)


@pytest.mark.parametrize("make", [sgd, adam, lambda: loss_scale(adam())])
def test_stages_keep_slots_and_rates(make):
    model = compiled(make(), **XLA)
    rule, values = replay.adam, {}
    if make is sgd:
        rule, values = replay.sgd, {"momentum": 0.9}
    hand = TanhReplay(model.get_weights(), rule, multipliers=MULTIPLIERS)
    optimizer = model.optimizer
    fit(model, ktk.callbacks.FineTuning(THREE))
    by_hand(hand, TRAINED["three"], rates(FACTORS["three"]), **values)
    check(model, hand)
    assert model.optimizer is optimizer
    assert rate_of(model) == pytest.approx(RATE / 100)


def test_it_equals_itself_compiled_by_xla_run_eagerly_and_in_chunks():
    options = [XLA, {"run_eagerly": True}]
    if keras.backend.backend() != "torch":
        options.append({"steps_per_execution": 2, **XLA})
    models = [compiled(adam(), **one) for one in options]
    for model in models:
        fit(model, epochs=1)
    first, *others = [model.get_weights() for model in models]
    for other in others:
        for a, b in zip(first, other, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_model_compiled_in_mixed_precision_gets_its_loss_scale_outside():
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = tanh_net()
        model.compile(adam(), "mse", **XLA)
        fit(model, epochs=1)
    finally:
        keras.config.set_dtype_policy(policy)
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert isinstance(model.optimizer.inner_optimizer, Layerwise)


def test_a_saved_model_trains_on_as_if_it_had_not_been_saved(tmp_path):
    whole, first = compiled(adam(), **XLA), compiled(adam(), **XLA)
    fit(whole, epochs=2)
    fit(first, epochs=1)
    first.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.optimizer.multipliers == PATTERNS
    fit(again, epochs=1)
    for a, b in zip(whole.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-7)


def test_a_config_goes_by_its_patterns_where_other_layers_train():
    model = compiled(Layerwise("sgd", {"*low*": 0.1, "*high*": 0.2}), **XLA)
    model.get_layer("head").trainable = False
    fit(model, epochs=1)
    copy = Layerwise.from_config(model.optimizer.get_config())
    with pytest.raises(ValueError, match="low"):
        copy.build([w for w in tanh_net().weights if "low" not in w.path])


def test_frozen_patterns_outlive_two_files(tmp_path):
    model = tanh_net()
    rates = {f"{model.name}/low/*": 0.1, "*high*": 0.5}
    compiled(Layerwise("sgd", rates), model, **XLA)
    fit(model, epochs=1)
    ktk.transfer.freeze(model, "low")
    for name in ("one.keras", "two.keras"):
        model.save(tmp_path / name)
        model = keras.models.load_model(tmp_path / name)
    ktk.transfer.unfreeze(model, "all")
    found = [model.optimizer.multiplier_of(w) for w in model.weights]
    assert found == [0.1, 0.1, 0.5, 0.5, 1, 1]


def test_a_search_leaves_an_optimizer_as_it_was():
    model = compiled(adam(), **XLA)
    fit(model, epochs=1)
    before = [np.array(v) for v in model.optimizer.variables]
    found = ktk.tuning.find_learning_rate(
        model, X, Y, batch_size=16, steps=6, max_steps=6
    )
    assert len(found.losses) <= 6
    after = [np.array(v) for v in model.optimizer.variables]
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_search_follows_the_layers_rates():
    with_rates, at_one = (
        compiled(Layerwise(keras.optimizers.SGD(RATE), patterns), **XLA)
        for patterns in ({"*low*": 0.0, "*high*": 0.0}, {"*": 1.0})
    )
    ours, plain = (
        ktk.tuning.find_learning_rate(
            model,
            X,
            Y,
            batch_size=16,
            steps=6,
            max_steps=6,
            min_lr=0.01,
            max_lr=0.1,
            shuffle=False,
        )
        for model in (with_rates, at_one)
    )
    assert ours.losses[0] == pytest.approx(plain.losses[0], rel=1e-5)
    assert abs(ours.losses[-1] - plain.losses[-1]) > 1e-4


def test_multipliers_of_another_model_are_refused_before_it_trains():
    model = compiled(
        Layerwise("sgd", ktk.optimizers.layer_decay(tanh_net())), **XLA
    )
    before = model.get_weights()
    with pytest.raises(ValueError, match="made for the model"):
        fit(model, epochs=1)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_frozen_layers_have_their_rate_when_they_thaw():
    model = tanh_net()
    by_layer = ktk.optimizers.multipliers(model, {"low": 0.25, "high": 0.5})
    model.get_layer("low").trainable = False
    compiled(Layerwise(keras.optimizers.SGD(RATE), by_layer), model, **XLA)
    hand = TanhReplay(model.get_weights(), replay.sgd, multipliers=MULTIPLIERS)
    fit(model, epochs=1)
    ktk.transfer.unfreeze(model, "low")
    fit(model, epochs=1)
    by_hand(hand, [NAMES[1:], NAMES], in_epochs(1, 1))
    check(model, hand)


class NaNs(keras.callbacks.Callback):
    """Stops in the middle of an epoch."""

    def on_train_batch_end(self, batch, logs=None):
        if batch == 1:
            raise RuntimeError("planned")


def test_nothing_is_left_on_the_inner_optimizer_after_an_error():
    model = compiled(adam(), **XLA)
    with pytest.raises(RuntimeError, match="planned"):
        fit(model, ktk.callbacks.OneCycle(0.1), NaNs())
    fit(model, epochs=1)
    own = vars(model.optimizer.inner_optimizer)
    names = {"apply", "update_step", "_backend_update_step"}
    assert not names & set(own)
    assert float(model.optimizer.learning_rate) == pytest.approx(RATE)
