"""Samples that are added until they are enough."""

import keras
import numpy as np
import pytest

from keras_trainkit.uncertainty.mc_predict import mc_predict
from tests.helpers.random_zoo import FEATURES

L = keras.layers
RATE = 0.5
# One row a batch, each twice as noisy as the one before.
SPREADS = np.float32([0.05, 0.1, 0.2, 0.4, 3.0])
TOLERANCE, MOST = 0.02, 500


def linear():
    """Each row's only value is kept at 1 - RATE, and scaled."""
    dense = L.Dense(1, use_bias=False, kernel_initializer="ones")
    return keras.Sequential([keras.Input((1,)), L.Dropout(RATE), dense])


def predicted(x, **options):
    options = {"samples": "auto", "batch_size": 1, "seed": 0, **options}
    return mc_predict(linear(), x, **options)


@pytest.fixture(scope="module")
def found():
    return predicted(SPREADS[:, None], tolerance=TOLERANCE, max_samples=MOST)


def test_each_batch_draws_as_many_as_its_spread_asks_for(found):
    # The spread of a value x that is 0 or 2x at odds of one half is x.
    needed = (SPREADS / TOLERANCE) ** 2 + 1
    totals = np.array([32, 64, 128, 256, 500])
    expected = [totals[totals >= min(n, MOST)][0] for n in needed]
    assert found.sample_count.tolist() == expected == [32, 32, 128, 500, 500]


def test_what_did_not_get_there_is_told(found):
    assert found.converged.tolist() == [True] * 4 + [False]
    assert "32 to 500 samples, 4 of 5 rows converged" in repr(found)


def test_the_standard_error_is_that_of_the_closed_form(found):
    # Twice its own spread: that of a standard deviation of two values at odds
    # of one half is tiny.
    expected = SPREADS / np.sqrt(found.sample_count)
    error = found.standard_error[:, 0]
    np.testing.assert_allclose(error, expected, rtol=0.1)
    assert (np.abs(found.mean[:, 0] - SPREADS) < 5 * expected).all()


def test_errors_are_as_large_as_they_are_said_to_be():
    x = np.full((400, 1), 0.2, "float32")
    found = predicted(x, tolerance=TOLERANCE, batch_size=400)
    assert found.converged.all()
    scores = (found.mean - 0.2) / found.standard_error
    # 400 rows with masks of their own: the deviation of their scores is known
    # to about 1 / sqrt(800).
    assert abs(scores.std() - 1) < 5 / np.sqrt(800)
    assert abs(scores.mean()) < 5 / np.sqrt(400)


def test_the_first_samples_are_those_of_a_number_of_samples():
    one = predicted(SPREADS[:1, None], tolerance=1.0)
    same = predicted(SPREADS[:1, None], samples=32)
    assert one.sample_count.tolist() == [32]
    assert one.mean.tobytes() == same.mean.tobytes()


def test_a_number_of_samples_has_no_tolerance():
    found = predicted(SPREADS[:2, None], samples=7)
    assert found.sample_count.tolist() == [7, 7]
    np.testing.assert_allclose(found.standard_error, found.std / np.sqrt(6))
    with pytest.raises(ValueError, match="`converged` needs a tolerance"):
        found.converged  # noqa: B018


def test_several_outputs_may_have_tolerances_of_their_own():
    x = keras.Input((FEATURES,))
    h = L.Dropout(RATE)(x)
    model = keras.Model(x, {"small": 0.01 * h, "large": 10 * h})
    rows = np.ones((3, FEATURES), "float32")
    options = {"samples": "auto", "max_samples": 64, "seed": 0}
    found = mc_predict(model, rows, tolerance={"small": 0.01}, **options)
    assert found["large"].sample_count.tolist() == [32] * 3
    assert found["small"].converged.all()
    with pytest.raises(ValueError, match="`converged` needs a tolerance"):
        found["large"].converged  # noqa: B018
    both = mc_predict(model, rows, tolerance=0.01, **options)
    assert both["small"].sample_count.tolist() == [64] * 3
    assert both["small"].converged.all() and not both["large"].converged.any()


def test_a_tolerance_for_another_output_is_refused():
    with pytest.raises(ValueError, match="`tolerance` must be one number, or"):
        predicted(SPREADS[:1, None], tolerance={"other": 1})


def test_samples_that_are_mapped_are_added_as_well():
    inputs = keras.Input((1,))
    h = L.Lambda(lambda x: x - keras.ops.mean(x, axis=0))(inputs)
    h = L.Lambda(lambda x: 2 * x)(L.Dropout(RATE)(h))
    model = keras.Model(inputs, h)
    x = np.float32([[-0.1], [0.1]])
    found = mc_predict(model, x, "auto", seed=0, tolerance=0.02)
    assert found.sample_count.tolist() == [128, 128]
    assert found.converged.all()
