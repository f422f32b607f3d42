import keras
import numpy as np
import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import strategies as st

from keras_trainkit.backend.randomness import random_masks
from keras_trainkit.backend.randomness.random_masks import Draws
from keras_trainkit.backend.randomness.random_masks import Seeds
from keras_trainkit.backend.randomness.random_masks import as_key
from tests.helpers.arrays import to_numpy

BACKEND = keras.backend.backend()
XLA = {"jax": [True], "torch": [False], "tensorflow": [True, False]}[BACKEND]
SHAPE = (40, 501)


def draws(*place, xla=XLA[0]):
    return Draws(as_key(7, *place), xla)


def kept(rate, *place, shape=SHAPE, xla=XLA[0]):
    return kept_by(draws(*place, xla=xla), rate, shape)


def kept_by(source, rate=0.5, shape=SHAPE):
    ones = keras.ops.ones(shape)
    return to_numpy(source.drop(ones, rate, shape, 1.0)).astype(bool)


@pytest.mark.parametrize("xla", XLA)
@pytest.mark.parametrize("rate", [0.01, 0.1, 0.25, 0.5, 0.9])
def test_the_kept_fraction(rate, xla):
    found = kept(rate, 0, shape=(400, 501), xla=xla)
    assert found.dtype == bool and found.shape == (400, 501)
    error = np.sqrt(rate * (1 - rate) / found.size)
    assert abs(found.mean() - (1 - rate)) < 5 * error


@pytest.mark.parametrize("xla", XLA)
def test_elements_are_independent(xla):
    found = kept(0.5, 0, shape=(2000, 30), xla=xla) - 0.5
    covariance = found.T @ found / len(found) - np.eye(30) * 0.25
    assert np.abs(covariance).max() < 5 * 0.25 / np.sqrt(2000)
    rows = found @ found.T / 30
    off_diagonal = rows[~np.eye(2000, dtype=bool)]
    assert abs(off_diagonal.mean()) < 1e-3


@pytest.mark.parametrize(
    "one, other",
    [((0, 0), (0, 1)), ((0, 0), (1, 0)), ((1, 0), (0, 1))],
)
def test_other_keys_draw_other_masks(one, other):
    first, second = kept(0.5, *one) - 0.5, kept(0.5, *other) - 0.5
    assert abs((first * second).mean()) < 5 * 0.25 / np.sqrt(first.size)


def test_the_same_key_draws_the_same_masks():
    np.testing.assert_array_equal(kept(0.5, 3), kept(0.5, 3))


def test_each_draw_is_another():
    source = draws(0)
    first, second = (kept_by(source) - 0.5 for _ in range(2))
    assert abs((first * second).mean()) < 5 * 0.25 / np.sqrt(first.size)


@pytest.mark.parametrize("shape", [(1,), (3,), (5, 1, 3), (2, 2)])
def test_any_shape(shape):
    assert kept(0.5, 0, shape=shape).shape == shape


@pytest.mark.parametrize("xla", XLA)
@pytest.mark.parametrize("shape", [(30, 40), (30, 1)])
def test_kept_and_dropped_values(xla, shape):
    x = np.random.default_rng(0).normal(size=(30, 40)).astype("float32")
    given = keras.ops.convert_to_tensor(x)
    found = to_numpy(draws(xla=xla).drop(given, 0.4, shape, 2.0, 3.0, -7.0))
    dropped = np.isclose(found, -7)
    expected = (2 * x + 3)[~dropped]
    np.testing.assert_allclose(found[~dropped], expected, rtol=1e-4, atol=1e-5)
    assert 0.2 < dropped.mean() < 0.6
    if shape == (30, 1):
        assert (dropped == dropped[:, :1]).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_the_dtype_is_kept(dtype):
    x = keras.ops.ones((3, 4), dtype=dtype)
    found = draws().drop(x, 0.5, (3, 4), 2.0, 1.0, -1.0)
    assert keras.backend.standardize_dtype(found.dtype) == dtype


def test_tensorflow_without_a_compiler(monkeypatch):
    if BACKEND == "tensorflow":
        monkeypatch.setattr(random_masks, "_xla_works", lambda: False)
    found = kept(0.25, 0, shape=(400, 501))
    assert abs(found.mean() - 0.75) < 5 * np.sqrt(0.25 * 0.75 / found.size)


PLACES = st.tuples(*[st.integers(0, 2**70)] * 3)


@given(PLACES, PLACES)
@example((5 + 2**32, 0, 0), (5, 1, 0))
@example((5 + 2**64, 0, 0), (5, 0, 1))
@example((5, 2**32, 0), (5, 0, 1))
@example((1, 23, 0), (12, 3, 0))
def test_other_places_have_other_keys(one, other):
    same = list(as_key(*one)) == list(as_key(*other))
    assert same == (one == other)


@pytest.mark.parametrize("kind", [np.int64, np.uint32])
def test_numpys_integers_are_integers(kind):
    assert list(as_key(kind(7), 1)) == list(as_key(7, kind(1)))


def test_seeds_serve_keras():
    lent = Seeds(draws(0))
    x = keras.ops.ones((50, 60))
    first, second = (
        to_numpy(keras.random.dropout(x, 0.5, seed=lent)) for _ in range(2)
    )
    again = to_numpy(keras.random.dropout(x, 0.5, seed=Seeds(draws(0))))
    assert set(np.unique(first)) == {0.0, 2.0}
    assert (first != second).mean() > 0.4
    np.testing.assert_array_equal(first, again)


def test_seeds_leave_torchs_generator_alone():
    torch = pytest.importorskip(
        "torch", reason="torch oracle: torch is not installed"
    )
    before = torch.random.get_rng_state()
    keras.random.dropout(keras.ops.ones((3,)), 0.5, seed=Seeds(draws(0)))
    kept_by(draws(1))
    assert torch.equal(before, torch.random.get_rng_state())
