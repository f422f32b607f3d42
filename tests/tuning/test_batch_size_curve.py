"""Each size is trained alike, with its rate, and the table says the rest."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.tuning.timed_training import TimedTraining
from tests.helpers.fit_state import changes
from tests.helpers.fit_state import fit_state
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data

OPT = keras.optimizers
X, Y = regression_data(32)


def compiled(optimizer=None):
    model = linear_model()
    model.compile(optimizer or OPT.SGD(0.01), "mse", metrics=["mae"])
    return model


def curve(model, **arguments):
    arguments = {"batch_sizes": [8, 16], "seconds": 1e-9, **arguments}
    return ktk.tuning.batch_size_curve(model, X, Y, **arguments)


def test_it_measures_every_size_and_leaves_no_trace():
    model = compiled()
    before = fit_state(model)
    held_out = regression_data(8, seed=1)
    found = curve(model, batch_sizes=[16], repeats=2, validation_data=held_out)
    assert changes(before, fit_state(model)) == []
    (point,) = found.points
    assert point.learning_rate == pytest.approx(0.005)
    assert point.fits and point.steps == 1 and point.rows_per_second > 0
    assert len(point.losses) == 2
    assert "val_loss" in str(found)
    # One step at this rate, seen from outside.
    model.evaluate(X[:1], Y[:1], verbose=0)  # builds the metrics
    keras.utils.set_random_seed(1)
    model.optimizer.learning_rate = 0.005
    stop = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda *_, logs: setattr(
            model, "stop_training", True
        )
    )
    model.fit(X, Y, 16, verbose=0, callbacks=[stop])
    expected = model.evaluate(*held_out, verbose=0, return_dict=True)["loss"]
    assert point.losses[1] == pytest.approx(expected, rel=1e-5)


@pytest.fixture
def stood_in(monkeypatch):
    runs = []

    def run(self, batch_size, rate, seed, score):
        runs.append((batch_size, rate, seed))
        return 10, 2.0, 1.0 / batch_size

    monkeypatch.setattr(TimedTraining, "run", run)
    return runs


RULES = {
    "SGD": (OPT.SGD(0.1), {}, [0.05, 0.1, 0.2]),
    "Adam": (OPT.Adam(0.1), {}, [0.1 / 2**0.5, 0.1, 0.1 * 2**0.5]),
    "Adam, linear": (
        OPT.Adam(0.1),
        {"scale_rate": "linear", "base_batch_size": np.int64(16)},
        [0.1, 0.2, 0.4],
    ),
    "one rate": (OPT.Adam(0.1), {"scale_rate": None}, [None] * 3),
    "a schedule of its own": (
        OPT.SGD(OPT.schedules.CosineDecay(0.1, 10)),
        {"scale_rate": None},
        [None] * 3,
    ),
}


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "optimizer, arguments, rates", RULES.values(), ids=RULES
)
def test_the_rate_grows_with_the_batch(optimizer, arguments, rates, stood_in):
    model = linear_model()
    model.compile(optimizer, "mse")
    x, y = regression_data(64)
    ktk.tuning.batch_size_curve(model, x, y, repeats=2, seed=5, **arguments)
    assert [(size, seed) for size, _, seed in stood_in] == [
        (size, seed) for seed in (5, 6) for size in (16, 32, 64)
    ]
    for (_, found, _), rate in zip(stood_in, rates * 2, strict=True):
        assert found == (rate and pytest.approx(rate))


@pytest.mark.one_backend
def test_a_size_that_does_not_fit_is_said_to_and_not_tried_again(monkeypatch):
    runs = []

    def run(self, batch_size, rate, seed, score):
        runs.append(batch_size)
        if batch_size > 8:
            raise MemoryError
        return 10, 2.0, 0.5

    monkeypatch.setattr(TimedTraining, "run", run)
    model = compiled()
    found = curve(model, repeats=2)
    assert runs == [8, 16, 8]
    assert [one.fits for one in found.points] == [True, False]
    assert "no memory" in str(found)
    assert found.best.batch_size == 8 and len(found.as_good) == 1
    with pytest.raises(ValueError, match="one of them fits into memory"):
        curve(model, batch_sizes=[16])


@pytest.mark.one_backend
def test_the_evaluation_uses_no_larger_batch_than_the_training(monkeypatch):
    model, sizes = compiled(), []

    def evaluate(batch_size, **arguments):
        sizes.append(batch_size)
        return {"loss": 0.0}

    def run(self, batch_size, rate, seed, score):
        return 1, 1.0, score(batch_size)

    monkeypatch.setattr(model, "evaluate", evaluate)
    monkeypatch.setattr(TimedTraining, "run", run)
    x, y = regression_data(64)
    ktk.tuning.batch_size_curve(model, x, y, [2, 32, 64], 1.0, repeats=1)
    assert sizes == [2, 32, 32]


REFUSED = {
    "no compile": (linear_model, {}, ValueError, "compiled with an optim"),
    "a schedule": (
        lambda: compiled(OPT.SGD(OPT.schedules.CosineDecay(0.1, 10))),
        {},
        ValueError,
        "a plain number where it is raised",
    ),
    "no sizes": (compiled, {"batch_sizes": []}, TypeError, "`batch_sizes`"),
    "more than rows": (
        compiled,
        {"batch_sizes": [8, 33]},
        ValueError,
        "`batch_sizes` must be an integer from 1 to 32",
    ),
    "no time": (compiled, {"seconds": 0}, ValueError, "`seconds` must be"),
    "repeats": (compiled, {"repeats": 0}, ValueError, "`repeats` must be"),
    "a rule": (compiled, {"scale_rate": "log"}, ValueError, "`scale_rate`"),
    "no tuple": (
        compiled,
        {"validation_data": X},
        TypeError,
        "a tuple of inputs and targets",
    ),
}


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "make, arguments, error, why", REFUSED.values(), ids=REFUSED
)
def test_what_cannot_be_measured_is_refused(
    make, arguments, error, why, stood_in
):
    model = make()
    weights = model.get_weights()
    with pytest.raises(error, match=why):
        curve(model, **arguments)
    assert stood_in == []
    np.testing.assert_array_equal(model.get_weights()[0], weights[0])
