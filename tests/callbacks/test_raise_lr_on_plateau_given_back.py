"""No kick outlasts a `fit`, an exception, a saved file or a resumed run."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers import pairwise
from tests.helpers.kicked_fit import FACTOR
from tests.helpers.kicked_fit import RATE
from tests.helpers.kicked_fit import STEPS
from tests.helpers.kicked_fit import assert_given_back
from tests.helpers.kicked_fit import compiled
from tests.helpers.kicked_fit import decayed
from tests.helpers.kicked_fit import decaying
from tests.helpers.kicked_fit import fit
from tests.helpers.kicked_fit import kicks
from tests.helpers.kicked_fit import rate_of
from tests.helpers.kicked_fit import sgd
from tests.helpers.models import mlp


class Crash(keras.callbacks.Callback):
    """Raises at a hook of an epoch; the fourth is kicked."""

    def __init__(self, hook, error=RuntimeError, epoch=3):
        super().__init__()
        self.when, self.error, self.now = (epoch, hook), error, None

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch
        self.crash("on_epoch_begin")

    def on_train_batch_end(self, batch, logs=None):
        self.crash("on_train_batch_end")

    def on_epoch_end(self, epoch, logs=None):
        self.crash("on_epoch_end")

    def crash(self, hook):
        if (self.now, hook) == self.when:
            raise self.error("planned")


LENT = {
    "plain": (sgd, []),
    "schedule": (decaying, []),
    "OneCycle": (sgd, [lambda: ktk.callbacks.OneCycle(0.1)]),
}


@pytest.mark.parametrize("case", LENT)
def test_everything_is_given_back(case):
    make, owners = LENT[case]
    fit(model := compiled(make()), kicks(), *(owner() for owner in owners))
    assert_given_back(model, make)


BATCH_END = ("on_train_batch_end", KeyboardInterrupt, "first")
EPOCH_END = ("on_epoch_end", RuntimeError, "last")


@pytest.mark.parametrize(
    "case, hook, error, place",
    [
        ("plain", *BATCH_END),
        ("plain", *EPOCH_END),
        ("plain", "on_epoch_begin", KeyboardInterrupt, "last"),
        ("schedule", *BATCH_END),
        ("schedule", *EPOCH_END),
        ("OneCycle", *BATCH_END),
        ("OneCycle", *EPOCH_END),
    ],
)
def test_what_a_dying_kick_leaves_behind(case, hook, error, place):
    make, owners = LENT[case]
    model = compiled(make())
    listed = [kicks(), *(owner() for owner in owners)]
    listed.insert(0 if place == "first" else 9, Crash(hook, error))
    with pytest.raises(error, match="planned"):
        fit(model, *listed)
    if keras.backend.backend() == "jax":
        # An epoch that dies leaves the state outside of the variables, in
        # plain Keras, too (keras/src/backend/jax/trainer.py).
        model.jax_state_sync()
    if case != "schedule":
        assert rate_of(model) == pytest.approx(RATE)
    assert_given_back(model, make)


def test_checkpoints_hold_the_current_rate_or_the_plain_schedule(tmp_path):
    paths = tmp_path / "plain{epoch}.keras", tmp_path / "decay{epoch}.keras"
    for path, make in zip(paths, (sgd, decaying), strict=True):
        save = keras.callbacks.ModelCheckpoint(path)
        fit(compiled(make()), kicks(), save, epochs=4)
    kicked = keras.models.load_model(tmp_path / "plain4.keras")
    assert rate_of(kicked) == pytest.approx(FACTOR * RATE)
    plain = keras.models.load_model(tmp_path / "decay4.keras").optimizer
    assert (
        plain.get_config()["learning_rate"]
        == decaying().get_config()["learning_rate"]
    )


RESUMED = {
    "plain": (sgd, [], lambda epochs: RATE),
    "schedule": (decaying, [], lambda epochs: decayed(21)[STEPS * epochs]),
    "FineTuning": (
        sgd,
        [lambda: ktk.callbacks.FineTuning({0: "head", 2: "all"})],
        lambda epochs: 0.1 * RATE,
    ),
}


@pytest.mark.parametrize(
    "case, left, place", pairwise.cases(RESUMED, [2, 0], [0, 9])
)
def test_a_resumed_run_is_not_at_the_raised_rate(case, left, place, tmp_path):
    """Epochs 2 and 3 are kicked; the backup is of the time between them."""
    make, others, rate_after = RESUMED[case]

    def run(epochs, *extra):
        model, callback = compiled(make(), mlp()), kicks(patience=1, duration=2)
        listed = [callback, *(other() for other in others)]
        backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
        listed.insert(place, backup)
        fit(model, *listed, *extra, epochs=epochs)
        return model, callback.trace()["learning_rate"]

    with pytest.raises(RuntimeError, match="planned"):
        if left:
            run(5, Crash("on_train_batch_end"))
        else:  # it had only `on_train_end` to come
            run(3, Crash("on_epoch_end", epoch=2))
    model, rates = run(3 + left)
    assert len(rates) == left * STEPS
    expected = decayed() if case == "schedule" else [rate_after(3)] * 20
    np.testing.assert_allclose(rates, expected[12 : 12 + len(rates)], rtol=1e-5)
    assert rate_of(model) == pytest.approx(rate_after(3 + left))
