"""Several threads that use one model at a time.

`Meeting`, a layer, is where one thread waits inside of `mc_predict` until the
other has done its part, so what is tested happens in every run.
"""

import threading

import keras
import numpy as np
import pytest

from keras_trainkit.uncertainty.mc_predict import mc_predict
from tests.helpers.arrays import to_numpy
from tests.helpers.prediction_state import changed
from tests.helpers.prediction_state import prediction_state
from tests.helpers.random_zoo import FEATURES
from tests.helpers.random_zoo import TIME

L = keras.layers


class Broken(Exception):
    pass


class Meeting(L.Layer):
    def __init__(self):
        super().__init__()
        self.run = None

    def call(self, x):
        if self.run is not None:
            run, self.run = self.run, None
            thread = threading.Thread(target=run)
            thread.start()
            thread.join(20)
        return x


class GuardedBlock(L.Layer):
    def __init__(self):
        super().__init__()
        self.drop = L.Dropout(0.5)

    def call(self, x, training=None):
        return self.drop(x) if training else x


class OwnDropout(L.Dropout):
    def call(self, inputs, training=False):
        return 1 + super().call(inputs, training=training)


LAYERS = {
    "dropout": lambda: [L.Dropout(0.5), L.Dropout(0.5)],
    "own": lambda: [OwnDropout(0.5)],
    "guarded": lambda: [GuardedBlock()],
    "gru": lambda: [L.GRU(3, dropout=0.5, recurrent_dropout=0.5)],
}


def rows(count=4):
    x = np.random.default_rng(0).normal(size=(count, TIME, FEATURES))
    return x.astype("float32")


def model_and_meeting(name):
    """Where the meeting is, the layers before are lent, and those behind."""
    keras.utils.set_random_seed(0)
    meeting = Meeting()
    layers = [*LAYERS[name](), meeting, L.Dropout(0.3), L.Dense(2)]
    model = keras.Sequential([keras.Input((TIME, FEATURES)), *layers])
    model(rows())
    return model, meeting


@pytest.mark.parametrize("name", LAYERS)
def test_plain_calls_see_nothing_of_it(name):
    model, meeting = model_and_meeting(name)
    expected = mc_predict(model, rows(), samples=6, seed=1)
    plain, found = to_numpy(model(rows())), []
    fresh, meeting = model_and_meeting(name)
    before = prediction_state(fresh)
    # Without a mask of its own Keras's cell draws in inference, too.
    meeting.run = lambda: found.extend(
        [to_numpy(fresh(rows())), to_numpy(fresh(rows(), training=False))]
    )
    sampled = mc_predict(fresh, rows(), samples=6, seed=1)
    for one in (*found, to_numpy(fresh(rows()))):
        np.testing.assert_allclose(one, plain, rtol=1e-5, atol=1e-6)
    assert len(found) == 2
    np.testing.assert_allclose(sampled.mean, expected.mean, rtol=1e-5)
    np.testing.assert_allclose(sampled.std, expected.std, rtol=1e-4)
    assert "layers" not in changed(before, prediction_state(fresh))


@pytest.mark.parametrize("name", ["own", "gru"])
def test_two_predictions_at_a_time_are_those_of_one_after_another(name):
    model, _ = model_and_meeting(name)
    first = mc_predict(model, rows(), samples=6, seed=1)
    second = mc_predict(model, rows(), 6, seed=2, return_samples=True)
    plain, found = to_numpy(model(rows())), []
    fresh, meeting = model_and_meeting(name)
    before = prediction_state(fresh)
    meeting.run = lambda: found.append(
        mc_predict(fresh, rows(), 6, seed=2, return_samples=True)
    )
    found.append(mc_predict(fresh, rows(), samples=6, seed=1))
    assert changed(before, prediction_state(fresh)) == []
    for one, expected in zip(found, (second, first), strict=True):
        np.testing.assert_allclose(one.mean, expected.mean, rtol=1e-5)
        np.testing.assert_allclose(one.std, expected.std, rtol=1e-4)
    np.testing.assert_allclose(to_numpy(fresh(rows())), plain, rtol=1e-5)


@pytest.mark.parametrize("name", ["dropout", "guarded"])
def test_one_thread_fails_while_another_predicts(name):
    model, meeting = model_and_meeting(name)
    plain, found = to_numpy(model(rows())), []
    before = prediction_state(model)

    def fails():
        def data():
            yield (rows(2),)
            raise Broken

        with pytest.raises(Broken):
            mc_predict(model, data(), 3, seed=0, return_samples=True)
        found.append(to_numpy(model(rows())))

    meeting.run = fails
    found.append(mc_predict(model, rows(), samples=200, seed=1).mean)
    assert changed(before, prediction_state(model)) == []
    found.append(to_numpy(model(rows())))
    np.testing.assert_allclose(found[0], plain, rtol=1e-5)
    np.testing.assert_allclose(found[2], plain, rtol=1e-5)


def test_two_threads_share_one_set_of_options():
    model, _ = model_and_meeting("dropout")
    expected = [mc_predict(model, rows(), 6, seed=n).mean for n in range(4)]
    fresh, _ = model_and_meeting("dropout")
    found = [None] * 4

    def predict(n):
        found[n] = mc_predict(fresh, rows(), samples=6, seed=n).mean

    threads = [threading.Thread(target=predict, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_two_threads_build_one_model():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([L.Dense(3), L.Dropout(0.5), L.Dense(2)])
    barrier = threading.Barrier(2)

    def predict():
        barrier.wait(60)
        mc_predict(model, rows(), samples=3, seed=0)

    threads = [threading.Thread(target=predict) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(model.weights) == 4 and len(model.get_weights()) == 4
    assert model(rows()).shape == (4, TIME, 2)
