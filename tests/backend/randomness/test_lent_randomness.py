import threading

import keras
import numpy as np
import pytest

from keras_trainkit.backend.randomness.lent_randomness import drawing_from
from keras_trainkit.backend.randomness.random_masks import Draws
from keras_trainkit.backend.randomness.random_masks import as_key
from keras_trainkit.backend.randomness.replica_seed import ReplicaSeedGenerator
from tests.helpers.arrays import to_numpy
from tests.helpers.prediction_state import global_seed

BACKEND = keras.backend.backend()
ONES = keras.ops.ones((20, 30))


def draws(seed=3):
    return Draws(as_key(seed), BACKEND == "jax")


class OwnNext(keras.random.SeedGenerator):
    def next(self, ordered=True):
        return super().next(ordered=False)


GENERATORS = {
    "seeded": lambda: keras.random.SeedGenerator(1),
    # Keras leaves these to torch's global generator there.
    "without a seed": keras.random.SeedGenerator,
    "a replica's": lambda: ReplicaSeedGenerator(1),
    "a subclass": lambda: OwnNext(1),
}
GLOBAL = {"global": lambda: None}
DRAW = {
    "dropout": lambda seed: keras.random.dropout(ONES, 0.5, seed=seed),
    "normal": lambda seed: keras.random.normal((20, 30), seed=seed),
}


@pytest.mark.parametrize("draw", DRAW.values(), ids=DRAW)
@pytest.mark.parametrize(
    "make", [*GENERATORS.values(), *GLOBAL.values()], ids=[*GENERATORS, *GLOBAL]
)
def test_every_draw_is_another_and_comes_from_the_key(make, draw):
    generator = make()
    before = random_states(generator)
    source = draws()
    with drawing_from(source):
        first, second = to_numpy(draw(generator)), to_numpy(draw(generator))
    assert source.count >= 2 and (first != second).mean() > 0.4
    with drawing_from(draws()):
        np.testing.assert_array_equal(first, to_numpy(draw(generator)))
    with drawing_from(draws(4)):
        assert (first != to_numpy(draw(generator))).mean() > 0.4
    assert random_states(generator) == before


def random_states(generator):
    found = [repr(global_seed())]
    if generator is not None:
        found.append(to_numpy(generator.state.value).tolist())
    if BACKEND == "torch":
        import torch

        found.append(torch.random.get_rng_state().tolist())
    return found


@pytest.mark.parametrize("make", GENERATORS.values(), ids=GENERATORS)
def test_other_threads_draw_as_before(make):
    generator, other = make(), make()
    other.state.assign(generator.state)
    found = []

    def draw():
        found.append(to_numpy(generator.next()).tolist())

    with drawing_from(draws()):
        thread = threading.Thread(target=draw)
        thread.start()
        thread.join()
    assert found == [to_numpy(other.next()).tolist()]


def test_an_outer_scope_is_still_read():
    variable = keras.Variable(np.zeros(2))
    outer = keras.StatelessScope(state_mapping=[(variable, np.ones(2))])
    with outer, drawing_from(draws()):
        np.testing.assert_array_equal(to_numpy(variable.value), np.ones(2))
        variable.assign(np.full(2, 3.0))
        found = to_numpy(variable.value)
    np.testing.assert_array_equal(found, np.full(2, 3.0))
    np.testing.assert_array_equal(to_numpy(variable.value), np.zeros(2))


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_it_ends_with_an_exception(error):
    generator = keras.random.SeedGenerator(1)
    before = random_states(generator)
    with pytest.raises(error), drawing_from(draws()):
        keras.random.normal((2,))
        raise error
    assert random_states(generator) == before
    generator.next()
    assert random_states(generator) != before


def test_the_dropped_fraction_without_a_seed():
    x = keras.ops.ones((400, 500))
    with drawing_from(draws()):
        found = to_numpy(keras.random.dropout(x, 0.25))
    error = np.sqrt(0.25 * 0.75 / found.size)
    assert abs((found == 0).mean() - 0.25) < 5 * error
    np.testing.assert_allclose(found[found != 0], 4 / 3, rtol=1e-6)


def test_keras_still_names_the_states_so():
    assert keras.random.SeedGenerator(1).state.name == "seed_generator_state"
