import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.facts.data.sample import sample_of
from keras_trainkit.diagnostics.facts.data.sampled_arrays import as_arrays
from keras_trainkit.diagnostics.facts.data.sampled_arrays import first_batches
from keras_trainkit.diagnostics.facts.data.sampled_arrays import is_dataset
from keras_trainkit.diagnostics.facts.data.sampled_arrays import parts_of
from keras_trainkit.diagnostics.facts.data.sampled_arrays import (
    require_readable,
)

X = np.arange(80.0).reshape(20, 4)
Y = np.arange(20) % 3


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 5

    def __getitem__(self, place):
        return X[4 * place : 4 * place + 4], Y[4 * place : 4 * place + 4]


@pytest.mark.parametrize(
    "data",
    [Batches(), [(X[:4], Y[:4])] * 5],
    ids=["PyDataset", "list of batches"],
)
def test_datasets(data):
    sample = sample_of(None, data)
    assert (sample.n, sample.rows, sample.steps) == (20, 20, 5)
    assert (sample.batch_size, sample.is_dataset) == (4, True)


@pytest.mark.parametrize(
    "dataset, data",
    [
        (True, Batches()),
        (True, [(X, Y)]),
        (False, X),
        (False, [X, Y]),
        (False, {"x": X}),
        (False, X.tolist()),
        (False, 3),
    ],
)
def test_what_makes_its_own_batches(dataset, data):
    assert is_dataset(data) is dataset


def test_no_more_batches_are_read_than_needed():
    read = []

    class Counted(Batches):
        def __getitem__(self, place):
            read.append(place)
            return super().__getitem__(place)

    batches, steps, rows = first_batches(Counted(), 7)
    assert (len(batches), steps, rows) == (2, 5, 20)
    assert read == [0, 1]


@pytest.mark.parametrize(
    "with_targets, batch",
    [(True, (X, Y)), (True, (X, Y, Y)), (False, (X,)), (False, X)],
)
def test_the_parts_of_a_batch(with_targets, batch):
    inputs, targets = parts_of(batch)
    assert inputs is X
    assert (targets is Y) is with_targets


def test_arrays_of_a_structure():
    parts = as_arrays("x", {"b": X, "a": Y}, ["b", "a"])
    assert [one.shape for one in parts] == [(20, 4), (20,)]
    assert as_arrays("x", {"b": X, "a": Y})[0].shape == (20,)
    mixed = np.array([[1, 2.5], [3, 4]], dtype=object)
    assert as_arrays("x", mixed)[0].dtype == "float64"


def test_elements_that_are_no_batches_are_refused():
    tf = pytest.importorskip("tensorflow")
    data = tf.data.Dataset.from_tensor_slices((Y, Y))
    with pytest.raises(TypeError, match=r"batch\(32\)"):
        first_batches(data, 10)


@pytest.mark.parametrize(
    "data",
    [Y, [0, 1], [[0.5], [1.5]], ("cat", "dog"), {"a": Y, "b": None}],
    ids=["array", "list", "nested list", "words", "dictionary"],
)
def test_what_can_be_read_as_arrays_is_taken(data):
    assert require_readable("y", data) is None


@pytest.mark.parametrize("data", [[], "cat", 3, {"a": 3}], ids=str)
def test_what_cannot_is_refused(data):
    with pytest.raises(TypeError, match="`y` must be an array"):
        require_readable("y", data)
