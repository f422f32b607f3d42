"""What FineTuning leaves for the next `fit`, a saved file and an exception."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers import replay
from tests.helpers.staged_fit import FACTORS
from tests.helpers.staged_fit import RATE
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
from tests.helpers.staged_fit import subclassed
from tests.helpers.staged_fit import trained
from tests.helpers.tanh_net import NAMES
from tests.helpers.tanh_net import TanhReplay


class Break(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch, self.now = epoch, None

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.now, batch) == (self.epoch, 1):
            raise KeyboardInterrupt


def test_the_second_fit_begins_with_the_first_stage():
    model, callback = compiled(adam()), FineTuning(TWO)
    hand = TanhReplay(model.get_weights(), replay.adam)
    fit(model, callback)
    fit(model, callback)
    factors = [*FACTORS["two"], 0.1, 0.1, 0.01]
    by_hand(hand, TRAINED["two"] * 2, rates(factors), momentum=0.9)
    check(model, hand)
    assert rate_of(model) == pytest.approx(RATE * 0.01)


def test_a_plain_fit_goes_on_where_the_last_stage_was():
    model = compiled(adam())
    hand = TanhReplay(model.get_weights(), replay.adam)
    fit(model, FineTuning({0: 1, 1: 2}), epochs=2)
    fit(model, epochs=1)
    plan = [NAMES[2:], NAMES[1:], NAMES[1:]]
    by_hand(hand, plan, rates([1, 0.1, 0.1]))
    check(model, hand)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(
        hand.loss(X, Y), rel=1e-4
    )


def test_averages_go_on_in_the_next_fit():
    """On JAX Keras leaves weights and averages in buffers that they share."""
    model = compiled(sgd(use_ema=True, ema_momentum=0.7))
    hand = TanhReplay(model.get_weights(), replay.sgd, ema=0.7)
    fit(model, FineTuning({0: 1, 1: 2}), epochs=2)
    by_hand(hand, [NAMES[2:], NAMES[1:]], rates([1, 0.1]), momentum=0.9)
    hand.average()
    fit(model, epochs=1)
    by_hand(hand, [NAMES[1:]], rates([0.1]), momentum=0.9)
    hand.average()
    check(model, hand)


@pytest.mark.parametrize("make", [adam, lambda: loss_scale(adam())])
def test_a_saved_model_trains_on_identically(make, tmp_path):
    model = compiled(make())
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    fit(model, FineTuning({0: 1, 1: 2}), checkpoint, epochs=2)
    model.save(tmp_path / "end.keras")
    stages = [keras.saving.load_model(tmp_path / f"{e}.keras") for e in (1, 2)]
    assert [trained(m) for m in stages] == [["head"], ["high", "head"]]
    assert [rate_of(m) for m in stages] == pytest.approx([RATE, 0.1 * RATE])
    loaded = keras.saving.load_model(tmp_path / "end.keras")
    for ours, theirs in zip(
        [v for m in (loaded, stages[1]) for v in m.optimizer.variables],
        model.optimizer.variables * 2,
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)
    fit(model, epochs=1)
    fit(loaded, epochs=1)
    for ours, theirs in zip(
        loaded.get_weights(), model.get_weights(), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_early_stopping_restores_the_best_weights_of_another_stage():
    model, recorder = compiled(adam()), Recorder()
    stop = keras.callbacks.EarlyStopping(
        "score", mode="min", patience=2, restore_best_weights=True
    )
    fit(model, Score([0, 1, 2]), FineTuning(TWO), recorder, stop, epochs=5)
    assert len(recorder.weights) == 3
    for ours, best in zip(
        model.get_weights(), recorder.weights[0], strict=True
    ):
        np.testing.assert_array_equal(ours, best)
    assert trained(model) == list(NAMES)
    fit(model, epochs=1)
    assert not np.array_equal(model.get_weights()[0], recorder.weights[0][0])


@pytest.mark.parametrize(
    "curve, again",
    [("plain", "with"), ("plain", "without"), ("OneCycle", "without")],
)
def test_an_exception_leaves_the_stage_that_was_reached(curve, again):
    model, fine_tuning = compiled(), FineTuning(THREE)
    one_cycle = ktk.callbacks.OneCycle(0.2)
    others = [one_cycle] if curve == "OneCycle" else []
    with pytest.raises(KeyboardInterrupt):
        fit(model, fine_tuning, *others, Break(1))
    assert trained(model) == list(NAMES[1:])
    assert rate_of(model) == pytest.approx(0.1 * RATE)
    hand = TanhReplay(model.get_weights(), replay.sgd)
    if again == "with":
        fit(model, fine_tuning)
        factors = np.asarray(FACTORS["three"]) * 0.1
        check(model, by_hand(hand, TRAINED["three"], rates(factors)))
    else:
        fit(model, epochs=1)
        check(model, by_hand(hand, [NAMES[1:]], rates([0.1])))


def test_keras_does_not_save_the_flags_inside_a_subclassed_model(tmp_path):
    """What docs/fine_tuning.md warns of; if this fails, the page is wrong."""
    model, _ = subclassed()
    compiled(sgd(), model)
    fit(model, FineTuning({0: "head"}), x=X[:, :4], epochs=1)
    model.save(tmp_path / "model.keras")
    with pytest.warns(UserWarning, match="Skipping variable loading"):
        loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert trained(model) == ["head"]
    assert trained(loaded) == ["hidden", "head"]
    assert int(loaded.optimizer.iterations) == 0
    ktk.transfer.freeze(loaded, "hidden")
    fit(loaded, x=X[:, :4], epochs=1)
