import numpy as np
import pytest
from matplotlib import pyplot
from scipy import special

from keras_trainkit.uncertainty.prediction import MCPrediction
from keras_trainkit.uncertainty.prediction import prediction_of

RNG = np.random.default_rng(0)
SOFTMAX = special.softmax(RNG.normal(size=(20, 5, 3)), axis=-1)
SIGMOID = special.expit(RNG.normal(size=(20, 5, 2)))


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def statistics(samples):
    return {
        "count": np.float64(len(samples)),
        "mean": samples.mean(axis=0),
        "squares": ((samples - samples.mean(axis=0)) ** 2).sum(axis=0),
        "yes": special.entr(samples).sum(axis=0),
        "no": special.entr(1 - samples).sum(axis=0),
    }


def prediction(samples, kind, keep=False):
    batches = [samples[:, :2], samples[:, 2:]]
    found = [statistics(one) for one in batches]
    return prediction_of(found, batches if keep else None, kind)


def test_a_classification():
    found = prediction(SOFTMAX, "classification", keep=True)
    np.testing.assert_allclose(found.mean, SOFTMAX.mean(axis=0))
    np.testing.assert_allclose(found.std, SOFTMAX.std(axis=0))
    np.testing.assert_array_equal(found.samples, SOFTMAX)
    total = special.entr(SOFTMAX.mean(axis=0)).sum(axis=-1)
    each = special.entr(SOFTMAX).sum(axis=-1).mean(axis=0)
    np.testing.assert_allclose(found.entropy, total)
    np.testing.assert_allclose(found.expected_entropy, each)
    np.testing.assert_allclose(found.mutual_information, total - each)


def test_binary():
    found = prediction(SIGMOID, "binary")
    both = np.stack([SIGMOID, 1 - SIGMOID])
    total = special.entr(both.mean(axis=1)).sum(axis=0)
    each = special.entr(both).sum(axis=0).mean(axis=0)
    np.testing.assert_allclose(found.entropy, total)
    np.testing.assert_allclose(found.expected_entropy, each)
    np.testing.assert_allclose(found.mutual_information, total - each)


@pytest.mark.parametrize(
    "name", ["entropy", "expected_entropy", "mutual_information"]
)
def test_a_regression_has_no_entropies(name):
    found = prediction(SIGMOID, "regression")
    with pytest.raises(ValueError, match=f"`{name}` needs probabilities"):
        getattr(found, name)


def test_samples_that_were_not_kept():
    found = prediction(SIGMOID, "binary")
    with pytest.raises(ValueError, match="return_samples=True"):
        found.samples  # noqa: B018


def test_one_number_for_each_row():
    softmax = prediction(SOFTMAX, "classification")
    np.testing.assert_array_equal(softmax.uncertainty(), softmax.entropy)
    binary = prediction(SIGMOID, "binary")
    expected = binary.entropy.mean(axis=1)
    np.testing.assert_allclose(binary.uncertainty(), expected)
    numbers = prediction(SIGMOID, "regression")
    np.testing.assert_allclose(numbers.uncertainty(), numbers.std.mean(axis=1))


def test_the_plot_ranks_by_uncertainty():
    found = prediction(SOFTMAX, "classification")
    axes = found.plot(images=RNG.normal(size=(5, 4, 4)), count=2)
    order = np.argsort(found.entropy)
    rows = [*order[:2], *order[::-1][:2]]
    assert [ax.get_title() for ax in axes.ravel()] == [
        f"{found.mean[row].argmax()}: {found.entropy[row]:.2g}" for row in rows
    ]


MEAN = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [np.nan, 0.5]])
STD = np.array([[0.1, 0.2], [0.0, 0.0], [0.3, 0.0], [0.0, 0.0]])
CONFIDENT = {
    "a class": ("classification", 0.7, None, [True, False, True, False]),
    "no class above 1": ("classification", 1.0, None, [False] * 4),
    "all labels": ("binary", 0.7, None, [True, False, True, False]),
    "of all labels": ("binary", 0.6, None, [True, True, True, False]),
    "no spread": ("regression", None, 0, [False, True, False, True]),
    "a spread": ("regression", None, 0.2, [True, True, False, True]),
    "both": ("classification", 0.7, 0.2, [True, False, False, False]),
}


@pytest.mark.parametrize(
    "kind, least, most, expected", CONFIDENT.values(), ids=CONFIDENT
)
def test_rows_to_act_on(kind, least, most, expected):
    found = MCPrediction(MEAN, STD, kind).confident(least, most)
    assert found.dtype == bool and found.tolist() == expected


def test_all_pixels_have_to_be_confident():
    mean = np.array([[[0.9, 0.1], [0.8, 0.2]], [[0.9, 0.1], [0.5, 0.5]]])
    found = MCPrediction(mean, 0 * mean, "classification").confident(0.8)
    assert found.tolist() == [True, False]


@pytest.mark.parametrize(
    "arguments, error, match",
    [
        ({}, ValueError, "unless `max_std` is given"),
        ({"min_probability": 1.5}, ValueError, r"a number in \[0, 1\]"),
        ({"min_probability": True}, TypeError, r"a number in \[0, 1\]"),
        ({"max_std": -1}, ValueError, "a number of at least 0"),
        ({"max_std": np.nan}, ValueError, "a number of at least 0"),
        ({"max_std": "0"}, TypeError, "a number of at least 0"),
    ],
)
def test_what_confident_refuses(arguments, error, match):
    with pytest.raises(error, match=match):
        MCPrediction(MEAN, STD, "binary").confident(**arguments)


def test_a_regression_has_no_probabilities():
    found = MCPrediction(MEAN, STD, "regression")
    with pytest.raises(ValueError, match="`min_probability` needs probab"):
        found.confident(min_probability=0.5)


def test_the_standard_error_needs_the_number_of_samples():
    found = MCPrediction(MEAN, STD, "regression")
    with pytest.raises(ValueError, match="`standard_error` needs the number"):
        found.standard_error  # noqa: B018


def test_the_standard_error_of_each_batch_has_its_own_number():
    count, tolerance = np.array([5, 5, 10, 17]), 0.1
    found = MCPrediction(
        MEAN, STD, "binary", sample_count=count, tolerance=tolerance
    )
    expected = STD / np.sqrt(count - 1)[:, None]
    np.testing.assert_allclose(found.standard_error, expected)
    assert found.converged.tolist() == [True] * 4
    assert "5 to 17 samples, 4 of 4 rows converged" in repr(found)


def test_it_says_what_it_is():
    found = MCPrediction(np.zeros((2, 3)), np.zeros((2, 3)), "regression")
    assert repr(found) == "MCPrediction(kind='regression', shape=(2, 3))"


@pytest.mark.parametrize(
    "kind, error", [("multi", ValueError), (None, TypeError)]
)
def test_another_kind_is_refused(kind, error):
    with pytest.raises(error, match=r"`kind` must be one of"):
        MCPrediction(np.zeros((2, 3)), np.zeros((2, 3)), kind)
