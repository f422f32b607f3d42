import keras
import numpy as np
import pytest

from keras_trainkit.backend.randomness.lent_randomness import drawing_from
from keras_trainkit.backend.randomness.mapped_draws import CannotMap
from keras_trainkit.backend.randomness.mapped_draws import mapped_draws
from keras_trainkit.backend.randomness.random_masks import Draws
from keras_trainkit.backend.randomness.random_masks import as_keys
from tests.helpers.arrays import to_numpy

BACKEND = keras.backend.backend()
TORCH = BACKEND == "torch"
needs_torch = pytest.mark.skipif(
    not TORCH, reason="only torch maps functions that draw while they run"
)
SAMPLES, ROWS, COLUMNS = 200, 3, 4
SPECS = [keras.KerasTensor((ROWS, COLUMNS), "float32")]


def rows():
    x = np.arange(1.0, 1 + ROWS * COLUMNS, dtype="float32")
    return keras.ops.convert_to_tensor(x.reshape((ROWS, COLUMNS)))


def mapped(function, samples=SAMPLES, at_once=4):
    def call(keys):
        xla = BACKEND == "jax"
        return mapped_draws(
            lambda draws: [function(draws)], keys, xla, at_once, SPECS
        )

    if BACKEND == "tensorflow":
        import tensorflow as tf

        call = tf.function(call)  # Eager loops are slow.
    return to_numpy(call(as_keys(samples, 7))[0])


def dropped(draws):
    x = rows()
    return draws.drop(x, 0.25, tuple(x.shape), 1.0)


def assert_independent(samples):
    """Of noise without a mean, which is the same for no two samples."""
    flat = samples.reshape((len(samples), -1))
    assert len(np.unique(flat, axis=0)) > len(flat) / 2
    scores = (flat - flat.mean(axis=0)) / flat.std(axis=0)
    error = 1 / np.sqrt(len(flat))
    assert np.abs((scores[1:] * scores[:-1]).mean(axis=0)).max() < 5 * error


def test_masks_differ_from_sample_to_sample():
    found = mapped(dropped)
    assert found.shape == (SAMPLES, ROWS, COLUMNS)
    kept = found != 0
    np.testing.assert_array_equal(found, np.where(kept, to_numpy(rows()), 0))
    error = np.sqrt(0.25 * 0.75 / SAMPLES)
    assert np.abs(kept.mean(axis=0) - 0.75).max() < 5 * error
    assert_independent(kept.astype(float))


@pytest.mark.skipif(TORCH, reason="torch draws for all samples at once")
@pytest.mark.parametrize("at_once", [1, 3, 5])
def test_a_sample_is_what_its_key_alone_gives(at_once):
    keys, xla = as_keys(5, 7), BACKEND == "jax"
    alone = [to_numpy(dropped(Draws(tuple(key), xla))) for key in keys]
    np.testing.assert_array_equal(mapped(dropped, 5, at_once), alone)


def test_each_sample_sees_a_batch_of_its_own():
    def centred(draws):
        h = dropped(draws)
        assert tuple(h.shape) == (ROWS, COLUMNS)
        return h - keras.ops.mean(h, axis=0, keepdims=True)

    found = mapped(centred)
    np.testing.assert_allclose(found.mean(axis=1), 0, atol=1e-5)
    assert_independent(found)


def test_what_does_not_draw_is_the_same_for_all():
    found = mapped(lambda draws: 2 * rows(), 3)
    np.testing.assert_array_equal(found, [to_numpy(2 * rows())] * 3)


SEEDED = {
    "normal": (lambda s: keras.random.normal(SHAPE, 2.0, 3.0, seed=s), 2, 3),
    "uniform": (
        lambda s: keras.random.uniform(SHAPE, 0, 2, seed=s),
        1,
        1 / 3**0.5,
    ),
    "dropout": (
        lambda s: keras.random.dropout(keras.ops.ones(SHAPE), 0.5, seed=s),
        1,
        1,
    ),
}
SHAPE = (ROWS, COLUMNS)


@pytest.mark.parametrize("draw, mean, std", SEEDED.values(), ids=SEEDED)
def test_what_keras_draws_differs_from_sample_to_sample(draw, mean, std):
    seed = keras.random.SeedGenerator(3)

    def drawn(draws):
        with drawing_from(draws):
            return draw(seed)

    found = mapped(drawn)
    assert abs(found.mean() - mean) < 5 * std / np.sqrt(found.size)
    np.testing.assert_allclose(found.std(), std, rtol=0.1)
    assert_independent(found)


@needs_torch
def test_convolutions_of_keras_are_mapped():
    layer = keras.layers.Conv2D(2, 2)
    layer.build((None, 3, 3, 1))

    def convolved(draws):
        x = keras.ops.ones((2, 3, 3, 1))
        return layer(draws.drop(x, 0.5, (2, 3, 3, 1), 1.0))

    assert mapped(convolved, 5).shape == (5, 2, 2, 2, 2)


def past_keras(draws):
    import torch

    return torch.rand(ROWS, COLUMNS)


def own_generator(draws):
    import torch

    own = torch.Generator().manual_seed(3)
    return torch.rand((ROWS, COLUMNS), generator=own)


def another_function(draws):
    with drawing_from(draws):
        seed = keras.random.SeedGenerator(3)
        return keras.random.randint(SHAPE, 0, 5, seed=seed)


def in_another_map(draws):
    import torch

    def one(x):
        return draws.drop(x, 0.5, (COLUMNS,), 1.0)

    return torch.vmap(one)(rows())


@needs_torch
@pytest.mark.parametrize(
    "function, error",
    [
        (past_keras, RuntimeError),
        (own_generator, CannotMap),
        (another_function, CannotMap),
        (in_another_map, CannotMap),
    ],
)
def test_draws_that_would_be_the_same_for_all_are_refused(function, error):
    with pytest.raises(error):
        mapped(function, 3)
