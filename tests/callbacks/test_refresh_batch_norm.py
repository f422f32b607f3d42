"""When statistics are refreshed in `fit`, and that nothing else changes."""

from functools import partial

import keras
import numpy as np
import pytest

from keras_trainkit.callbacks import RefreshBatchNorm
from keras_trainkit.scheduling.snapshot import TrainingSnapshot
from tests.helpers.arrays import to_numpy
from tests.helpers.batch_norms import Recording
from tests.helpers.batch_norms import assert_refreshed
from tests.helpers.batch_norms import compiled
from tests.helpers.batch_norms import population
from tests.helpers.batch_norms import statistics

RNG = np.random.default_rng(0)
X = RNG.normal(size=(32, 4)).astype("float32") + 3
Y = RNG.normal(size=(32, 1)).astype("float32")


def network(optimizer="adam", traced=True):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(5, "tanh"),
            Recording(name="norm"),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(1),
        ]
    )
    return compiled(model, optimizer, traced)


@pytest.fixture(scope="module")
def averaging():
    return network(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5))


def fit(model, *callbacks, epochs=2, **kwargs):
    settings = {"batch_size": 16, "verbose": 0, "callbacks": list(callbacks)}
    return model.fit(X, Y, epochs=epochs, **settings, **kwargs).history


class At(keras.callbacks.Callback):
    """Looks at how far statistics are from those of the data, at a hook."""

    def __init__(self, hook):
        super().__init__()
        self.seen = []
        setattr(self, hook, self.look)

    def look(self, *_, **__):
        self.seen.append(self.is_fresh())

    def is_fresh(self):
        model = self.model
        (held,), (expected,) = (
            list(find.values())
            for find in (statistics(model), population(model, X))
        )
        return bool(np.allclose(held, expected, 1e-4, 1e-5))


def test_training_goes_on_as_without_it_and_ends_refreshed(averaging):
    fit(averaging, epochs=1)
    before = TrainingSnapshot(averaging)

    def after(*callbacks):
        before.restore()
        loss = fit(averaging, *callbacks, validation_data=(X, Y))["loss"]
        weights = [to_numpy(v) for v in averaging.trainable_variables]
        slots = [to_numpy(v) for v in averaging.optimizer.variables]
        draws = [np.random.random(), to_numpy(keras.random.uniform((2,)))]
        return loss, weights, slots, draws

    expected = after()
    # The weights of the end are averages: the statistics belong to them.
    assert not At("on_train_end").is_fresh.__func__(Seen(averaging))
    np.testing.assert_equal(after(RefreshBatchNorm(X, every=1)), expected)
    assert_refreshed(averaging, X)


class Seen:
    def __init__(self, model):
        self.model = model


WHEN = {
    "every epoch": ({"every": 1}, [True] * 3, [True] * 3),
    "every second": ({"every": 2}, [False, True, True], [False, True, True]),
    "the end": ({}, [False, False, True], [False, False, True]),
    "after it": (
        {"every": 2, "before_validation": False},
        [False] * 3,
        [False, True, True],
    ),
    "only the end": ({"before_validation": False}, [False] * 3, [False] * 3),
}


@pytest.mark.parametrize("when", WHEN)
def test_when(plain, when):
    arguments, validated, ended = WHEN[when]
    tests, ends = At("on_test_begin"), At("on_epoch_end")
    refresh = RefreshBatchNorm(X, **arguments)
    fit(plain, refresh, tests, ends, epochs=3, validation_data=(X, Y))
    assert (tests.seen, ends.seen) == (validated, ended)
    assert_refreshed(plain, X)


@pytest.fixture(scope="module")
def plain():
    return network(traced=False)


def test_an_epoch_without_validation_is_refreshed_at_its_end(plain):
    ends = At("on_epoch_end")
    fit(plain, RefreshBatchNorm(X, every=1), ends)
    assert ends.seen == [True, True]


def test_behind_swapped_averages_the_validation_sees_theirs():
    # A new model: in a second `fit` Keras's callback itself fails on JAX.
    averaging = network(keras.optimizers.SGD(0.1, use_ema=True), False)
    swap = keras.callbacks.SwapEMAWeights()
    tests = At("on_test_begin")
    refresh = RefreshBatchNorm(X, every=1)
    fit(averaging, swap, refresh, tests, validation_data=(X, Y))
    assert tests.seen == [True, True]
    assert_refreshed(averaging, X)


def stops():
    return keras.callbacks.EarlyStopping("loss", restore_best_weights=True)


@pytest.mark.parametrize("other", [keras.callbacks.SwapEMAWeights, stops])
def test_weights_that_change_behind_it_are_an_error(averaging, other):
    before = [to_numpy(v) for v in averaging.variables]
    with pytest.raises(ValueError, match="behind it"):
        fit(averaging, RefreshBatchNorm(X), other())
    after = [to_numpy(v) for v in averaging.variables]
    np.testing.assert_equal(after, before)


def test_best_weights_that_are_restored_before_it_are_refreshed(plain):
    fit(plain, stops(), RefreshBatchNorm(X))
    assert_refreshed(plain, X)


def test_an_error_in_a_refresh_leaves_the_moving_averages(plain):
    with pytest.raises(ValueError, match="3"):
        fit(plain, RefreshBatchNorm(X[:, :3], every=1), validation_data=(X, Y))
    assert np.isfinite(list(statistics(plain).values())).all()
    fit(plain)


def test_nothing_to_refresh_is_an_error_before_the_first_step():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    compiled(model)
    before = model.get_weights()
    with pytest.raises(ValueError, match="nothing to refresh"):
        fit(model, RefreshBatchNorm(X))
    np.testing.assert_equal(model.get_weights(), before)


def test_evaluate_alone_is_an_error(plain):
    with pytest.raises(ValueError, match="refresh"):
        plain.evaluate(X, Y, verbose=0, callbacks=[RefreshBatchNorm(X)])


BAD = {
    "no data": (partial(RefreshBatchNorm, None), TypeError, "`x` must be"),
    "generator": (
        partial(RefreshBatchNorm, iter([X])),
        TypeError,
        "several times",
    ),
    "word": (partial(RefreshBatchNorm, X, "begin"), ValueError, "every"),
    "0": (partial(RefreshBatchNorm, X, 0), ValueError, "every"),
    "flag": (partial(RefreshBatchNorm, X, 1, "yes"), TypeError, "before_val"),
    "batch": (
        partial(RefreshBatchNorm, X, batch_size=0),
        ValueError,
        "batch_size",
    ),
    "steps": (partial(RefreshBatchNorm, X, steps=0), ValueError, "steps"),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("bad", BAD)
def test_bad_arguments(bad):
    make, kind, words = BAD[bad]
    with pytest.raises(kind, match=words):
        make()
