"""Equal times begin at equal states, and leave no trace."""

import keras
import numpy as np
import pytest

from keras_trainkit.tuning import timed_training
from keras_trainkit.tuning.rows import ArrayRows
from keras_trainkit.tuning.timed_training import TimedTraining
from tests.helpers.fit_state import changes
from tests.helpers.fit_state import fit_state
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data

X, Y = regression_data(24)
ROWS = ArrayRows({"x": X, "y": Y})


class Ticks:
    """A clock that goes on by a second whenever it is read."""

    def __init__(self):
        self.now = 0

    def perf_counter(self):
        self.now += 1
        return float(self.now)


def compiled():
    model = linear_model()
    sgd = keras.optimizers.SGD(0.01, momentum=0.9)
    model.compile(sgd, "mse", metrics=["mae"])
    return model


def test_the_steps_in_the_time_are_those_of_a_fit(monkeypatch):
    monkeypatch.setattr(timed_training, "time", Ticks())
    model, other = compiled(), compiled()
    before, evaluates = fit_state(model), model.test_function
    timed = TimedTraining(model, ROWS, 5)
    weights = lambda size: model.get_weights()[0]  # noqa: E731
    steps, elapsed, found = timed.run(10, 0.05, 3, weights)
    assert (steps, elapsed) == (5, 5.0)
    assert model.test_function is evaluates
    assert changes(before, fit_state(model)) == []
    assert "mae" in model.evaluate(X, Y, verbose=0, return_dict=True)
    # Two whole batches an epoch: the five steps end in the third.
    # What `fit` has to build it draws a batch for.
    other.evaluate(X[:1], Y[:1], verbose=0)
    other.optimizer.learning_rate = 0.05
    keras.utils.set_random_seed(3)
    stop = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: count(other, stop)
    )
    stop.left = 5
    rows = ROWS.drawn(20, 3)
    other.fit(**rows, batch_size=10, epochs=3, verbose=0, callbacks=[stop])
    np.testing.assert_allclose(found, other.get_weights()[0], rtol=1e-6)


def count(model, callback):
    callback.left -= 1
    model.stop_training = callback.left == 0


def test_an_error_leaves_no_trace():
    model = compiled()
    model.fit(X, Y, verbose=0)
    before = fit_state(model)

    def fails(size):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        TimedTraining(model, ROWS, 1e-9).run(8, None, 0, fails)
    assert changes(before, fit_state(model)) == []
