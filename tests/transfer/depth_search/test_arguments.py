"""What a search for the depth refuses, and what it makes of the rest."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.transfer.depth_search import arguments
from keras_trainkit.transfer.depth_search.networks import Networks
from tests.helpers import reuse_models as zoo
from tests.helpers.models import SubclassedMLP

X, Y = zoo.data()


def layerwise():
    model = zoo.pair()
    inner = keras.optimizers.SGD(0.1)
    rates = ktk.optimizers.LayerwiseLearningRate(inner, {"*stem*": 0.1})
    model.compile(rates, "mse")
    return model


MODELS = {
    "no model": (lambda: X, TypeError, "a Sequential or functional"),
    "subclassed": (SubclassedMLP, TypeError, "a Sequential or functional"),
    "not built": (keras.Sequential, TypeError, "that has been built"),
    "not compiled": (lambda: zoo.chain(False), ValueError, "compiled with"),
    "rates of its own": (layerwise, ValueError, "a single learning rate"),
}


@pytest.mark.parametrize("make, error, why", MODELS.values(), ids=MODELS)
def test_what_cannot_be_searched_is_refused(make, error, why):
    with pytest.raises(error, match=why):
        arguments.require_model(make())


CALLS = {
    "no validation": (
        lambda: arguments.require_data(X, None, None),
        ValueError,
        "`validation_data` must be given",
    ),
    "a generator": (
        lambda: arguments.require_data((one for one in [X]), None, (X, Y)),
        TypeError,
        "no generator",
    ),
    "no tuple": (
        lambda: arguments.require_data(X, None, X),
        TypeError,
        "a tuple where `x` is an array",
    ),
    "trials": (
        lambda: arguments.require_numbers(0, 1, 1, 1, None),
        ValueError,
        "`trials` must be an integer of at least 1",
    ),
    "head": (
        lambda: arguments.require_numbers(1, 1, 1, 1.0, None),
        TypeError,
        "`head` must be an integer",
    ),
    "groups": (
        lambda: arguments.require_numbers(1, 1, 1, 1, 0),
        ValueError,
        "`groups` must be an integer of at least 1",
    ),
    "targets": (
        lambda: arguments.require_data(X, "y", (X, Y)),
        TypeError,
        "`y` must be",
    ),
    "one seed": (
        lambda: arguments.seeds_of(1, 0),
        ValueError,
        "`seeds` must be an integer of at least 2",
    ),
    "one seed twice": (
        lambda: arguments.seeds_of([3, 3], 0),
        ValueError,
        "at least two, all different",
    ),
    "no seeds": (lambda: arguments.seeds_of("ab", 0), TypeError, "`seeds`"),
    "a negative seed": (
        lambda: arguments.seeds_of(2, -1),
        ValueError,
        "`seed` must be an integer from 0",
    ),
    "no factors": (
        lambda: arguments.rate_factors_of(()),
        TypeError,
        "`rate_factors`",
    ),
    "factor 0": (
        lambda: arguments.rate_factors_of((0.0,)),
        ValueError,
        "finite floats above 0",
    ),
    "a NaN": (
        lambda: arguments.rate_factors_of((np.nan,)),
        ValueError,
        "finite floats above 0",
    ),
    "another fate": (
        lambda: arguments.above_of("keep", None),
        ValueError,
        "`above` must be one of 'replace', 'drop'",
    ),
    "no fate": (lambda: arguments.above_of((), None), TypeError, "`above`"),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("call, error, why", CALLS.values(), ids=CALLS)
def test_other_values_are_refused(call, error, why):
    with pytest.raises(error, match=why):
        call()


def test_nothing_to_drop_is_an_error_and_replacing_is_not():
    networks = Networks(zoo.nested(), None, 1)
    with pytest.raises(ValueError, match="'replace' for this model"):
        arguments.above_of("drop", networks)
    both = arguments.above_of(("replace", "drop"), networks)
    assert both == (("replace",), set())
    assert arguments.above_of("replace", networks) == (("replace",), set())
    one_group = Networks(zoo.pair(), None, 1)
    assert arguments.above_of("drop", one_group) == (("drop",), set())


@pytest.mark.one_backend
def test_seeds_follow_from_one_or_are_taken():
    first = arguments.seeds_of(np.int64(3), 0)
    assert first == arguments.seeds_of(3, 0) != arguments.seeds_of(3, 1)
    assert len(set(first)) == 3
    assert arguments.seeds_of((4, np.int32(2)), 0) == [4, 2]
    assert arguments.rate_factors_of([1, 0.1, 1.0]) == (1.0, 0.1)


def test_the_direction_is_keras_own_and_the_score_has_to_exist():
    model = zoo.pair(metrics=["mae", "accuracy"])
    weights = model.get_weights()
    data = {"validation_data": (X, Y), "batch_size": 8}
    assert not arguments.larger_is_better(model, data, "val_loss")
    assert not arguments.larger_is_better(model, data, "val_mae")
    assert arguments.larger_is_better(model, data, "val_accuracy")
    with pytest.raises(
        ValueError, match=r"`monitor` must be one of \['val_acc"
    ):
        arguments.larger_is_better(model, data, "accuracy")
    np.testing.assert_array_equal(model.get_weights()[0], weights[0])
