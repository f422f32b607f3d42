"""FineTuning's stages keep the optimizer going as a float64 replay does."""

import keras
import numpy as np
import pytest

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
from tests.helpers.staged_fit import X
from tests.helpers.staged_fit import adam
from tests.helpers.staged_fit import by_hand
from tests.helpers.staged_fit import check
from tests.helpers.staged_fit import compiled
from tests.helpers.staged_fit import fit
from tests.helpers.staged_fit import loss_scale
from tests.helpers.staged_fit import rate_of
from tests.helpers.staged_fit import rates
from tests.helpers.staged_fit import sgd
from tests.helpers.tanh_net import TanhReplay

TORCH = keras.backend.backend() == "torch"
STAGES = {"two": TWO, "three": THREE}


def without_bias_decay():
    optimizer = adam(weight_decay=0.3)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


MODES = {
    "default": {},
    "eager": {"run_eagerly": True},
    "jit_compile=False": {"jit_compile": False},
    "jit_compile=True": {"jit_compile": True},
    "steps_per_execution": {"steps_per_execution": 2},
}
if TORCH:
    # Keras refuses steps_per_execution there; jit_compile=True would run
    # torch.compile, whose first step takes a minute.
    MODES = {"default": {}, "eager": {"run_eagerly": True}}
RULES = {"sgd": (sgd, replay.sgd), "adam": (adam, replay.adam)}


@pytest.mark.parametrize(
    "rule, stages, mode",
    [
        ("sgd", "two", "default"),
        ("adam", "two", "default"),
        *(("adam", "three", mode) for mode in MODES),
        ("sgd", "three", "eager"),
    ],
)
def test_weights_equal_a_float64_replay(rule, stages, mode):
    make, rule = RULES[rule]
    model = compiled(make(), **MODES[mode])
    hand = TanhReplay(model.get_weights(), rule)
    fit(model, FineTuning(STAGES[stages]))
    plan, factors = TRAINED[stages], FACTORS[stages]
    check(model, by_hand(hand, plan, rates(factors), momentum=0.9))
    assert rate_of(model) == pytest.approx(RATE * factors[-1])


OPTIONS = {
    "clipnorm": (lambda: sgd(clipnorm=0.1), {"clipnorm": 0.1}),
    "weight decay": (
        lambda: sgd(weight_decay=0.3),
        {"weight_decay": 0.3},
    ),
    "accumulation": (
        lambda: sgd(gradient_accumulation_steps=2),
        {"accumulate": 2},
    ),
    # Eight batches come before the stage, which cuts a cycle of three.
    "cut accumulation": (
        lambda: sgd(gradient_accumulation_steps=3),
        {"accumulate": 3},
    ),
    "loss scale": (lambda: loss_scale(sgd()), {}),
    "ema": (lambda: sgd(use_ema=True, ema_momentum=0.7), {"ema": 0.7}),
    "loss scale, ema": (
        lambda: loss_scale(sgd(use_ema=True, ema_momentum=0.7)),
        {"ema": 0.7},
    ),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_of_the_optimizer_goes_on_across_stages(option):
    make, arguments = OPTIONS[option]
    model = compiled(make())
    hand = TanhReplay(model.get_weights(), replay.sgd, **arguments)
    fit(model, FineTuning(TWO))
    by_hand(hand, TRAINED["two"], rates(FACTORS["two"]), momentum=0.9)
    if hand.ema:
        hand.average()
    check(model, hand)


def test_excluded_weights_do_not_decay_after_a_stage():
    model = compiled(without_bias_decay())
    hand = TanhReplay(
        model.get_weights(), replay.adam, weight_decay=0.3, decays_bias=False
    )
    fit(model, FineTuning(TWO))
    check(model, by_hand(hand, TRAINED["two"], rates(FACTORS["two"])))


def test_batches_that_loss_scaling_skips():
    x = X.copy()
    x[BATCH] = np.nan  # the second batch of every epoch
    model = compiled(loss_scale(adam()))
    hand = TanhReplay(model.get_weights(), replay.adam)
    fit(model, FineTuning(TWO), x=x)
    by_hand(hand, TRAINED["two"], rates(FACTORS["two"]), x=x)
    check(model, hand)
    assert int(model.optimizer.iterations) == EPOCHS * (STEPS - 1)
    # A skip halves the scale, then three steps double it once.
    assert float(model.optimizer.dynamic_scale) == 64.0


def test_a_thawed_average_starts_at_its_weight():
    model = compiled(sgd(use_ema=True, ema_momentum=1.0))
    before = model.get_weights()
    fit(model, FineTuning({0: "head", 1: "all"}), epochs=2)
    # With a momentum of one the average never moves from its start.
    for ours, theirs in zip(model.get_weights()[:4], before, strict=False):
        np.testing.assert_array_equal(ours, theirs)


def test_mixed_precision(monkeypatch):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = compiled(sgd())
    finally:
        keras.config.set_dtype_policy(policy)
    wrapper, inner = model.optimizer, model.optimizer.inner_optimizer
    assert isinstance(wrapper, keras.optimizers.LossScaleOptimizer)
    hand = TanhReplay(model.get_weights(), replay.sgd)
    fit(model, FineTuning(TWO))
    assert model.optimizer is wrapper
    assert model.optimizer.inner_optimizer is inner
    by_hand(hand, TRAINED["two"], rates(FACTORS["two"]), momentum=0.9)
    check(model, hand, atol=5e-3)
