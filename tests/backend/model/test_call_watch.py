"""Calls are noted in this thread only; layers are given back as they were."""

import threading

import keras
import numpy as np
import pytest

from keras_trainkit.backend.model.call_watch import watched_calls

ONES = np.ones((2, 3), "float32")


def layers():
    return [keras.layers.Dense(3, name="one"), keras.layers.Dense(3)]


def test_the_order_of_first_calls():
    one, other = layers()
    one.build((None, 3))
    other.build((None, 3))
    with watched_calls([one, other]) as called:
        one(other(one(ONES)))
    assert called == {id(one): 0, id(other): 1}


def test_what_is_not_built_stays_so():
    one, _ = layers()
    refused = pytest.raises(ValueError, match="'one' has not been built")
    with refused, watched_calls([one]):
        one(ONES)
    assert not one.built and one.weights == []
    assert one(ONES).shape == (2, 3)


def test_calls_of_another_thread_go_through():
    one, other = layers()
    with watched_calls([one, other]) as called:
        thread = threading.Thread(target=lambda: one(ONES))
        thread.start()
        thread.join()
        assert called == {}
    assert one.built


def test_two_watches_of_one_layer_take_turns():
    one, _ = layers()
    one.build((None, 3))
    before = dict(vars(one))

    def watch():
        with watched_calls([one]):
            one(ONES)

    threads = [threading.Thread(target=watch) for _ in range(4)]
    with watched_calls([one]):
        [thread.start() for thread in threads]
        one(ONES)
    [thread.join() for thread in threads]
    assert vars(one).keys() == before.keys()
    assert vars(one).get("call") is before.get("call")
