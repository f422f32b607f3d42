"""The largest batch is found where memory ends, without a trace."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.fit_state import changes
from tests.helpers.fit_state import fit_state
from tests.helpers.memory_hog import Hog
from tests.helpers.memory_hog import HostHog
from tests.helpers.models import FEATURES
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data

X, Y = regression_data(32)
OPT = keras.optimizers


def around(layer, trained=False, optimizer=None, **options):
    keras.utils.set_random_seed(2)
    model = keras.Sequential(
        [
            keras.Input((FEATURES,)),
            layer,
            keras.layers.Dense(3),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(1),
        ]
    )
    model.compile(optimizer or OPT.Adam(0.1), "mse", **options)
    if trained:
        model.fit(X[:8], Y[:8], verbose=0)
    return model


def find(model, x=X, y=Y, **arguments):
    return ktk.tuning.find_batch_size(model, x, y, **arguments)


def test_the_compiled_step_is_searched_and_put_back_bit_by_bit():
    model = around(Hog(13), trained=True)
    before = fit_state(model)
    found = find(model, min_batch_size=8, precision=0.5)
    assert found.tried == {8: True, 16: False, 12: True}
    assert (found.batch_size, found.limited) == (12, True)
    assert "12 fits, 16 does not" in repr(found)
    assert changes(before, fit_state(model)) == []
    model.fit(X[:8], Y[:8], verbose=0)
    assert np.isfinite(model.get_weights()[1]).all()


LIMITS = {
    "exactly": (13, {"precision": 0}, 13, [8, 16, 12, 14, 13]),
    "at most the rows": (99, {"min_batch_size": 20}, 32, [20, 32]),
    "what is said, above the rows": (
        99,
        {"min_batch_size": np.int64(32), "max_batch_size": np.int64(40)},
        40,
        [32, 40],
    ),
}


@pytest.mark.one_backend
def test_the_least_may_exceed_the_rows_where_the_most_does():
    model = linear_model()
    model.compile("sgd", "mse")
    found = find(model, min_batch_size=64, max_batch_size=70, steps=1)
    assert found.batch_size == 70


@pytest.mark.parametrize(
    "most, arguments, size, tried", LIMITS.values(), ids=LIMITS
)
def test_sizes_are_doubled_and_the_gap_halved(most, arguments, size, tried):
    model = keras.Sequential([keras.Input((FEATURES,)), HostHog(most)])
    model.add(keras.layers.Dense(1))
    model.compile("sgd", "mse", run_eagerly=True)
    found = find(model, steps=1, **{"min_batch_size": 8, **arguments})
    assert found.batch_size == size
    assert list(found.tried) == tried
    assert found.limited == (most < 32)


class Seen(keras.layers.Layer):
    """Notes the batch sizes of the calls in training."""

    def __init__(self):
        super().__init__()
        self.__dict__["sizes"] = []

    def call(self, x, training=False):
        if training and x.shape[0] is not None:
            self.__dict__["sizes"].append(x.shape[0])
        return x


def test_a_trial_makes_the_updates_that_were_asked_for():
    seen = Seen()
    model = keras.Sequential([keras.Input((FEATURES,)), seen])
    model.add(keras.layers.Dense(1))
    sgd = OPT.SGD(0.1, gradient_accumulation_steps=2)
    model.compile(sgd, "mse", run_eagerly=True)
    find(model, min_batch_size=4, max_batch_size=5, steps=2)
    assert seen.sizes == [4] * 4 + [5] * 4


def test_an_unbuilt_model_is_built_with_its_initial_weights():
    def unbuilt():
        keras.utils.set_random_seed(4)
        model = keras.Sequential([keras.layers.Dense(2), linear_layer()])
        model.compile(OPT.Adam(0.1), "mse")
        return model

    def linear_layer():
        return keras.layers.Dense(1)

    model, other = unbuilt(), unbuilt()
    find(model, min_batch_size=8, max_batch_size=8)
    other.build(X.shape)
    assert not model.optimizer.built
    for ours, theirs in zip(
        model.get_weights(), other.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


STOPS = {
    "another error": ValueError("a wrong shape"),
    "an interrupt": KeyboardInterrupt(),
}


@pytest.mark.parametrize("error", STOPS.values(), ids=STOPS)
def test_any_other_error_is_raised_and_leaves_no_trace(error):
    model = around(HostHog(8, error), trained=True, run_eagerly=True)
    before = fit_state(model)
    with pytest.raises(type(error)):
        find(model, min_batch_size=8)
    assert changes(before, fit_state(model)) == []


def test_a_model_that_does_not_fit_at_all_is_an_error():
    model = around(HostHog(0), run_eagerly=True)
    before = fit_state(model)
    with pytest.raises(
        ValueError, match=r"Received: min_batch_size=1\. .*locate"
    ):
        find(model)
    assert changes(before, fit_state(model)) == []


REFUSED = {
    "no compile": (linear_model, {}, ValueError, "compiled with an optim"),
    "no least": (None, {"min_batch_size": 0}, ValueError, "from 1 to 32"),
    "more than there is": (None, {"min_batch_size": 33}, ValueError, "1 to 32"),
    "most below least": (
        None,
        {"min_batch_size": 8, "max_batch_size": 4},
        ValueError,
        "`max_batch_size` must be an integer of at least 8",
    ),
    "half": (None, {"max_batch_size": 8.5}, TypeError, "an integer"),
    "steps": (None, {"steps": 0}, ValueError, "`steps` must be"),
    "precision": (None, {"precision": -0.1}, ValueError, "`precision` must"),
    "NaN": (None, {"precision": np.nan}, ValueError, "`precision` must"),
    "no rows": (None, {"x": X[:0], "y": Y[:0]}, ValueError, "above 0"),
    "unequal": (None, {"y": Y[:5]}, ValueError, r"\[32, 5\]"),
    "a generator": (None, {"x": iter([X])}, TypeError, "`x` must be an array"),
    "no x": (None, {"x": None}, TypeError, "`x` must be an array"),
}


@pytest.mark.parametrize(
    "make, arguments, error, why", REFUSED.values(), ids=REFUSED
)
def test_what_cannot_be_searched_is_refused(make, arguments, error, why):
    model = make() if make else around(HostHog(99))
    weights = model.get_weights()
    with pytest.raises(error, match=why):
        find(model, **arguments)
    np.testing.assert_array_equal(model.get_weights()[0], weights[0])
