"""What inputs look like under noise, and with places hidden."""

import keras
import numpy as np
import pytest
from keras.src.testing import TestCase

from keras_trainkit.pretraining.corruption import GaussianCorruption
from keras_trainkit.pretraining.corruption import MaskCorruption
from keras_trainkit.pretraining.corruption import denoise
from keras_trainkit.pretraining.corruption import mask
from tests.helpers.arrays import to_numpy

X = np.ones((64, 50), "float32")
IMAGES = np.ones((6, 5, 7, 2), "float32")


@pytest.mark.parametrize(
    "kind, arguments",
    [
        (GaussianCorruption, {"stddev": 0.5, "seed": 1}),
        (MaskCorruption, {"patch": (2, 3), "value": 3.0, "seed": 1}),
    ],
)
def test_keras_layer_checks(kind, arguments):
    TestCase().run_layer_test(
        kind,
        init_kwargs=arguments,
        input_shape=(2, 4, 6, 1),
        call_kwargs={"training": True},
        expected_output_shape=(2, 4, 6, 1),
        expected_num_trainable_weights=0,
        expected_num_non_trainable_weights=0,
        expected_num_seed_generators=1,
        expected_num_losses=0,
        supports_masking=False,
        run_training_check=False,
    )


def test_noise_has_the_spread_that_was_asked_for():
    noise = to_numpy(denoise(2.5, seed=1)(X, training=True)) - X
    assert abs(noise.mean()) < 5 * 2.5 / noise.size**0.5
    assert abs(noise.std() / 2.5 - 1) < 5 / (2 * noise.size) ** 0.5


def test_there_is_no_noise_outside_of_training():
    np.testing.assert_array_equal(to_numpy(denoise(2.5)(X)), X)


TASKS = {
    "noise": lambda seed: denoise(0.5, seed),
    "masks": lambda seed: mask(0.5, seed=seed),
}
by_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)


def drawn(layer, count=2):
    return [to_numpy(layer(X, training=True)) for _ in range(count)]


@by_task
def test_each_step_draws_anew_and_a_seed_repeats_it(task):
    first, second = drawn(task(3))
    assert (first != second).any()
    assert (first[0] != first[1]).any()
    np.testing.assert_array_equal(drawn(task(3)), [first, second])


@by_task
def test_set_random_seed_governs_what_has_no_seed(task):
    def sequence(seed):
        keras.utils.set_random_seed(seed)
        return drawn(task(None))

    np.testing.assert_array_equal(sequence(5), sequence(5))
    assert (sequence(5)[0] != sequence(6)[0]).any()


@pytest.mark.parametrize(
    "shape, patch, rate, hidden",
    [
        ((6, 10), 1, 0.3, 3),
        ((6, 10), 4, 0.34, 4),
        ((6, 8, 3), 2, 0.5, 4 * 3),
        ((6, 4, 6, 2), (2, 3), 0.75, 3 * 6 * 2),
        ((6, 4, 4, 1), 1, 0.99, 15),
        ((6, 4, 4, 1), 2, 0.001, 4),
    ],
    ids=["features", "runs", "steps", "patches", "nearly all", "one at least"],
)
def test_so_many_are_hidden_in_every_row(shape, patch, rate, hidden):
    x = np.ones(shape, "float32")
    layer = mask(rate, patch, value=-2.0, seed=1)
    found = to_numpy(layer(x))
    assert set(np.unique(found)) == {-2.0, 1.0}
    counts = (found == -2).reshape(6, -1).sum(axis=1)
    # Of ten features in runs of four the last run has two.
    assert set(counts) <= {hidden, hidden - 2 * (patch == 4)}


def test_patches_and_all_their_channels_are_hidden_together():
    changed, places = mask(0.5, (2, 3), value=0.0, seed=2).hide(IMAGES)
    places = to_numpy(places)
    np.testing.assert_array_equal(
        to_numpy(changed), IMAGES * (1 - places)[..., None]
    )
    corners = places[:, ::2, ::3]
    spread = np.kron(corners, np.ones((1, 2, 3)))[:, :5, :7]
    np.testing.assert_array_equal(places, spread)
    assert set(corners.reshape(6, -1).sum(axis=1)) == {round(0.5 * 9)}


def test_every_place_is_hidden_as_often():
    x = np.ones((2000, 6), "float32")
    share = to_numpy(mask(1 / 3, seed=1)(x) == 0).mean(axis=0)
    assert np.abs(share - 1 / 3).max() < 5 * (2 / 9 / 2000) ** 0.5


@pytest.mark.parametrize(
    "call, error, name",
    [
        (lambda: denoise(0), ValueError, "stddev"),
        (lambda: denoise(float("nan")), ValueError, "stddev"),
        (lambda: denoise("0.1"), TypeError, "stddev"),
        (lambda: mask(0.0), ValueError, "rate"),
        (lambda: mask(1.0), ValueError, "rate"),
        (lambda: mask(patch=0), ValueError, "patch"),
        (lambda: mask(patch=1.5), TypeError, "patch"),
        (lambda: mask(patch=(2, 0)), ValueError, "patch"),
        (lambda: mask(value=float("inf")), ValueError, "value"),
        (lambda: mask(loss_on="hidden"), ValueError, "loss_on"),
        (lambda: mask(patch=(2, 2)).units_of((8,)), ValueError, "patch"),
        (lambda: mask(patch=8).units_of((8, 1)), ValueError, "patch"),
        (lambda: mask().units_of((None, 3)), ValueError, "x"),
    ],
)
def test_what_corrupts_nothing_or_everything_is_refused(call, error, name):
    with pytest.raises(error, match=f"`{name}` must be"):
        call()
