import keras
import numpy as np
import pytest
from scipy import special

from keras_trainkit.kernels.sample_statistics import are_equal
from keras_trainkit.kernels.sample_statistics import as_samples
from keras_trainkit.kernels.sample_statistics import merged
from keras_trainkit.kernels.sample_statistics import nothing
from keras_trainkit.kernels.sample_statistics import standard_error
from keras_trainkit.kernels.sample_statistics import summarise
from tests.helpers.arrays import to_numpy

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(6, 4, 3)).astype("float32")
SOFTMAX = special.softmax(LOGITS, axis=-1)
SIGMOID = special.expit(LOGITS)


def streamed(samples, kind="auto", from_logits=False):
    parts = [
        summarise(
            as_samples(keras.ops.convert_to_tensor(part), kind, from_logits),
            weights,
            kind,
        )
        for part, weights in [
            (samples[:4], np.ones(4, "float32")),
            (samples[[4, 5, 5, 5]], np.array([1, 1, 0, 0], "float32")),
        ]
    ]
    first = merged(nothing(parts[0]), parts[0])
    return to_numpy(merged(first, parts[1]))


def assert_close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "kind, from_logits, p",
    [
        ("auto", False, SOFTMAX),
        ("classification", False, SOFTMAX),
        ("binary", False, SIGMOID),
        ("classification", True, SOFTMAX),
        ("binary", True, SIGMOID),
        ("regression", False, LOGITS),
    ],
)
def test_moments_are_those_of_the_transformed_samples(kind, from_logits, p):
    found = streamed(LOGITS if from_logits else p, kind, from_logits)
    p = p.astype("float64")
    assert found["count"] == 6
    assert_close(found["mean"], p.mean(axis=0))
    assert_close(found["squares"] / 6, p.var(axis=0))


def test_terms_of_entropies():
    found = streamed(SIGMOID)
    p = SIGMOID.astype("float64")
    assert_close(found["yes"], special.entr(p).sum(axis=0))
    assert_close(found["no"], special.entr(1 - p).sum(axis=0))


def test_a_probability_of_0_has_no_entropy():
    found = streamed(np.eye(3, dtype="float32")[np.zeros((6, 4), int)])
    assert_close(found["yes"], 0)
    assert_close(found["no"], 0)


@pytest.mark.parametrize(
    "kind, names",
    [
        ("regression", set()),
        ("classification", {"yes", "no", "lowest", "highest", "off_one"}),
        ("auto", {"yes", "no", "lowest", "highest", "off_one"}),
    ],
)
def test_only_what_is_needed_is_kept(kind, names):
    assert set(streamed(SOFTMAX, kind)) - {"count", "mean", "squares"} == names


def test_bounds_of_all_samples():
    found = streamed(SIGMOID)
    assert_close(found["lowest"], SIGMOID.min())
    assert_close(found["highest"], SIGMOID.max())
    assert_close(found["off_one"], np.abs(SIGMOID.sum(axis=-1) - 1).max())


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "int32"])
def test_narrow_samples_are_summed_in_float32(dtype):
    samples = keras.ops.cast(SIGMOID, dtype)
    kept = as_samples(samples, "auto", False)
    found = summarise(kept, np.ones(6, "float32"), "auto")
    dtypes = {keras.backend.standardize_dtype(v.dtype) for v in found.values()}
    assert dtypes == {"float32"}
    assert keras.backend.standardize_dtype(kept.dtype) == "float32"


EQUAL = np.broadcast_to(np.float32([[0.1, -1e4, 0.0]]), (6, 1, 3)).copy()


def test_equal_samples_are_told_in_spite_of_rounding():
    assert are_equal(streamed(EQUAL, "regression"))


@pytest.mark.parametrize("place", [(0, 0, 0), (5, 0, 1), (3, 0, 2)])
def test_one_sample_that_differs_is_seen(place):
    samples = EQUAL.copy()
    samples[place] += 1e-2 * (1 + abs(samples[place]))
    assert not are_equal(streamed(samples, "regression"))


def test_numpy_computes_the_same():
    parts = [SIGMOID[:4], SIGMOID[4:]]
    one, other = (
        summarise(part, np.ones(len(part), "float32"), "auto", np)
        for part in parts
    )
    found = merged(one, other, np)
    assert {type(value).__module__ for value in found.values()} == {"numpy"}
    expected = streamed(SIGMOID)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert_close(found[name], value)


@pytest.mark.parametrize("count", [2, 7])
def test_the_standard_error_is_that_of_the_unbiased_spread(count):
    samples = RNG.normal(size=(count, 5))
    found = standard_error(samples.std(axis=0), count)
    expected = samples.std(axis=0, ddof=1) / np.sqrt(count)
    np.testing.assert_allclose(found, expected)
