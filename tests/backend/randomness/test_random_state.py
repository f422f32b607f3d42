import random

import keras
import numpy as np
import pytest

from keras_trainkit.backend.randomness.random_state import RandomState
from tests.helpers.arrays import to_numpy
from tests.helpers.fit_state import changes
from tests.helpers.fit_state import random_states


def backend_draw():
    if keras.backend.backend() == "torch":
        import torch

        return torch.rand(3).numpy()
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.random.uniform((3,)).numpy()
    return np.random.uniform(size=3)


DRAWS = {
    "python": lambda: np.array([random.random() for _ in range(3)]),
    "numpy": lambda: np.random.normal(size=3),
    "keras": lambda: to_numpy(keras.random.normal((3,))),
    "the backend's own": backend_draw,
}


@pytest.mark.parametrize("drawn_before", [False, True])
@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_the_same_numbers_come_again(draw, drawn_before):
    if drawn_before:
        draw()
    state = RandomState()
    first, second = draw(), draw()
    assert not np.array_equal(first, second)
    state.restore()
    np.testing.assert_array_equal(draw(), first)
    np.testing.assert_array_equal(draw(), second)


def test_every_state_is_put_back():
    before = random_states()
    state = RandomState()
    for draw in DRAWS.values():
        draw()
    assert changes(before, random_states())
    state.restore()
    assert changes(before, random_states()) == []


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_a_seed_given_meanwhile_is_forgotten(draw):
    keras.utils.set_random_seed(1)
    expected = draw()
    keras.utils.set_random_seed(1)
    state = RandomState()
    keras.utils.set_random_seed(2)
    draw()
    state.restore()
    np.testing.assert_array_equal(draw(), expected)
