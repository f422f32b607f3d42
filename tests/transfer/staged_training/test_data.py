"""How many batches there are, and which data can be cached."""

import keras
import numpy as np
import pytest

from keras_trainkit.transfer.frozen_trunk.cacheability import CannotCache
from keras_trainkit.transfer.staged_training.data import TrainingData
from tests.helpers.frozen_backbone import X
from tests.helpers.frozen_backbone import Y
from tests.helpers.frozen_backbone import reused


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 7

    def __getitem__(self, i):
        return X[:8], Y[:8]


def generator():
    yield X[:8], Y[:8]


LENGTHS = {
    "arrays": (X, {}, 3),
    "a dictionary of arrays": ({"a": X, "b": X}, {}, 3),
    "a PyDataset": (Batches(), {}, 7),
    "a generator": (generator(), {"steps_per_epoch": 9}, 9),
}


@pytest.mark.parametrize("case", LENGTHS)
def test_the_length_of_an_epoch_is_known(case):
    x, others, steps = LENGTHS[case]
    assert TrainingData(x, None, None, 16, others).steps == steps


@pytest.mark.parametrize("x", [None, generator()])
def test_an_unknown_length_is_an_error(x):
    with pytest.raises(ValueError, match="steps_per_epoch"):
        TrainingData(x, None, None, 16, {})


UNEQUAL = {
    "targets": (Y[:8], {}),
    "weights": (Y, {"sample_weight": np.ones(7)}),
}


@pytest.mark.parametrize("case", UNEQUAL)
def test_arrays_of_unequal_length_are_refused_at_once(case):
    y, others = UNEQUAL[case]
    with pytest.raises(ValueError, match=r"same|cardinality"):
        TrainingData(X, y, None, 16, others)


@pytest.mark.parametrize("x", [[], {}, X[:0]])
def test_no_data_is_refused(x):
    with pytest.raises(ValueError, match="at least one batch"):
        TrainingData(x, None, None, 16, {})


VALIDATION = {
    "no data": (3, TypeError, "data that `fit` takes"),
    "no x": ((3, Y), TypeError, "data that `fit` takes"),
    "too many": ((X, Y, Y, Y), ValueError, "sample_weight"),
    "empty": (([], Y), ValueError, "at least one batch"),
    "none": ((), ValueError, "sample_weight"),
    "unequal lengths": ((X, Y[:8]), ValueError, r"same|cardinality"),
    "unequal weights": ((X, Y, Y[:8, 0]), ValueError, r"same|cardinality"),
}


@pytest.mark.parametrize("case", VALIDATION)
def test_validation_data_are_refused_at_once(case):
    given, error, message = VALIDATION[case]
    with pytest.raises(error, match=message):
        TrainingData(X, Y, given, 16, {})


@pytest.mark.parametrize("given", [(X,), [X, Y], X, Batches(), (X, None)])
def test_validation_data_are_whatever_fit_takes(given):
    assert TrainingData(X, Y, given, 16, {}).steps == 3


def test_no_batch_of_an_iterator_is_lost():
    batches = generator()
    TrainingData(X, Y, batches, 16, {})
    assert len(list(batches)) == 1


REFUSED = {
    "a dataset": (Batches(), {}, "is no array"),
    "steps": (X, {"steps_per_epoch": 2}, "steps_per_epoch"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_data_that_may_change_is_not_cached(case):
    x, others, reason = REFUSED[case]
    data = TrainingData(x, Y, None, 16, others)
    with pytest.raises(CannotCache, match=reason), data.cached(reused(), 0):
        pass


def test_features_take_the_place_of_arrays():
    others = {"class_weight": {0: 1.0}, "validation_freq": 2, "shuffle": False}
    weights = np.ones(len(X))
    data = TrainingData(
        X, Y, (X[:8], Y[:8], weights[:8]), 16, {**others, "sample_weight": None}
    )
    raw, raw_validation = data.raw()
    assert raw["x"] is X and raw["batch_size"] == 16
    with data.cached(reused(run_eagerly=True), 2**30) as made:
        training, validation, _ = made
        (features,) = next(iter(training["x"].values()))
        assert features.shape == (len(X), 5)
        assert not training["shuffle"] and training["class_weight"] == {0: 1.0}
        x, y, sample_weight = validation["validation_data"]
        assert next(iter(x.values()))[0].shape == (8, 5)
        assert y is raw_validation["validation_data"][1]
        assert len(sample_weight) == 8 and validation["validation_freq"] == 2


def test_validation_on_a_dataset_stays_as_it_is():
    data = TrainingData(X, Y, Batches(), 16, {})
    with data.cached(reused(run_eagerly=True), 2**30) as made:
        _, validation, _ = made
        assert isinstance(validation["validation_data"], Batches)
