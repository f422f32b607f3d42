"""Shampoo in a compiled `fit`, with what else acts on an optimizer."""

import keras
import numpy as np

import keras_trainkit as ktk
from tests.helpers import replay
from tests.helpers.shampoo_oracle import shampoo
from tests.helpers.staged_fit import BATCH
from tests.helpers.staged_fit import EPOCHS
from tests.helpers.staged_fit import RATE
from tests.helpers.staged_fit import STEPS
from tests.helpers.staged_fit import X
from tests.helpers.staged_fit import Y
from tests.helpers.staged_fit import by_hand
from tests.helpers.staged_fit import check
from tests.helpers.staged_fit import compiled
from tests.helpers.staged_fit import fit
from tests.helpers.staged_fit import loss_scale
from tests.helpers.tanh_net import NAMES
from tests.helpers.tanh_net import TanhReplay
from tests.helpers.traces import QUICK

# Stages begin where roots are computed anyway; few kinds of blocks.
SETTINGS = {"epsilon": 1e-2, "root_every": 2, "block_size": 4, "beta_2": 0.9}


def test_rates_of_layers_clipping_decay_averages_and_curves():
    """Under a loss scale, with both monitors: all equal a replay."""
    options = {"clipnorm": 0.1, "weight_decay": 0.2}
    inner = ktk.optimizers.Shampoo(
        RATE, use_ema=True, ema_momentum=0.8, **SETTINGS, **options
    )
    layerwise = ktk.optimizers.LayerwiseLearningRate(
        inner, {"*low*": 0.25, "*high*": 0.5}
    )
    model = compiled(loss_scale(layerwise), **QUICK)
    hand = TanhReplay(
        model.get_weights(),
        shampoo(**SETTINGS),
        ema=0.8,
        multipliers={"low": 0.25, "high": 0.5},
        **options,
    )
    monitor = ktk.callbacks.GradientMonitor()
    guard = ktk.callbacks.NonFiniteGuard()
    curves = ktk.callbacks.HyperparameterSchedule(
        learning_rate=lambda update: RATE * (1 + update),
        momentum=lambda update: 0.95 - 0.01 * update,
    )
    fit(model, curves, monitor, guard)
    hand.train(*NAMES)
    for i, (x, y) in enumerate(replay.batches(X, Y, BATCH, EPOCHS)):
        hand.step(x, y, learning_rate=RATE * (1 + i), momentum=0.95 - 0.01 * i)
    hand.average()
    check(model, hand, atol=1e-4)
    assert inner.beta_1 == 0.9
    assert guard.faults == []
    assert np.isfinite(monitor.totals["update_to_weight"]).all()


def test_stages_carry_the_matrices_of_what_stays_over(tmp_path):
    """And accumulate; a file holds all of it."""
    optimizer = ktk.optimizers.Shampoo(
        RATE, gradient_accumulation_steps=2, **{**SETTINGS, "root_every": 1}
    )
    model = compiled(optimizer, **QUICK)
    hand = TanhReplay(
        model.get_weights(),
        shampoo(**{**SETTINGS, "root_every": 1}),
        accumulate=2,
    )
    stages = ktk.callbacks.FineTuning(
        {0: 1, 1: "all"}, learning_rate_factor=1.0
    )
    fit(model, stages, epochs=2)
    by_hand(hand, [NAMES[2:], NAMES], [RATE] * 2 * STEPS)
    check(model, hand, atol=1e-4)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").optimizer
    assert isinstance(loaded, ktk.optimizers.Shampoo)
    for ours, theirs in zip(loaded.variables, optimizer.variables, strict=True):
        np.testing.assert_array_equal(ours, theirs)
