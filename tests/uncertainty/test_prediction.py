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


def test_it_says_what_it_is():
    found = MCPrediction(np.zeros((2, 3)), np.zeros((2, 3)), "regression")
    assert repr(found) == "MCPrediction(kind='regression', shape=(2, 3))"


@pytest.mark.parametrize(
    "kind, error", [("multi", ValueError), (None, TypeError)]
)
def test_another_kind_is_refused(kind, error):
    with pytest.raises(error, match=r"`kind` must be one of"):
        MCPrediction(np.zeros((2, 3)), np.zeros((2, 3)), kind)
