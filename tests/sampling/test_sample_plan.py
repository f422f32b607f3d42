import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import keras_trainkit as ktk
from keras_trainkit.backend.randomness.random_masks import Draws
from keras_trainkit.backend.randomness.random_masks import as_key
from keras_trainkit.sampling import sample_plan
from keras_trainkit.sampling.random_layers import RandomLayers
from keras_trainkit.sampling.sample_plan import SamplePlan
from keras_trainkit.sampling.sample_plan import chunk_size
from keras_trainkit.sampling.sample_plan import parted
from keras_trainkit.sampling.sample_plan import repeated
from keras_trainkit.sampling.sample_plan import samples_that_fit
from tests.helpers.arrays import to_numpy
from tests.helpers.random_zoo import FEATURES
from tests.helpers.random_zoo import OwnDropout
from tests.helpers.random_zoo import Subclassed
from tests.helpers.random_zoo import flat

L = keras.layers


def plan(model):
    layers = RandomLayers(model)
    return SamplePlan(model, layers.rates, layers.active)


def kinds(steps):
    return [type(one.operation).__name__ for one in steps if one.operation]


def test_the_graph_is_cut_before_the_first_dropout():
    found = plan(flat(L.Dense(3), L.Dropout(0.5), L.ReLU()))
    assert kinds(found.head) == ["Dense"]
    assert kinds(found.tail) == ["Dropout", "ReLU", "Dense"]
    # The first dropout makes its own copies of what is repeated.
    assert kinds(found.rest) == ["ReLU", "Dense"]
    assert found.repeats and found.fills


def test_rows_may_mix_before_the_cut_but_not_be_filled_up():
    found = plan(flat(L.Lambda(lambda x: x), L.Dropout(0.5)))
    assert found.repeats and not found.fills


def test_of_what_is_no_graph_each_sample_computes_all():
    found = plan(Subclassed())
    assert found.head == [] and len(found.tail) == 1
    assert not found.repeats
    assert found.layers_of_rest() is None


def test_the_layers_that_each_sample_runs():
    drop = L.Dropout(0.5)
    timed = [L.Reshape((2, 3)), L.TimeDistributed(drop), L.Flatten()]
    found = plan(flat(L.Dropout(0.5), *timed))
    assert drop in found.layers_of_rest()


def residual(main, side):
    inputs = keras.Input((FEATURES,))
    h = L.Dense(4)(L.Dropout(0.5)(inputs) if side else inputs)
    return keras.Model(inputs, L.Add()([main(h), h]))


def stopped(*stops):
    return flat(L.Dropout(0.5), L.Dense(6), *stops)


def beside():
    inputs = keras.Input((FEATURES,))
    h = L.Dropout(0.5)(inputs)
    outputs = [L.Dense(1)(L.Dropout(1.0)(h)), L.Dense(1)(inputs)]
    return keras.Model(inputs, outputs)


VARIES = {
    "a rate of 1": (lambda: stopped(L.Dropout(1.0)), False),
    "ours with a rate of 1": (
        lambda: stopped(ktk.layers.MCDropout(1.0)),
        False,
    ),
    "spatial, with a rate of 1": (
        lambda: stopped(L.Reshape((2, 3)), L.SpatialDropout1D(1.0)),
        False,
    ),
    "a rate of 1 in the first of them": (
        lambda: flat(L.Dropout(1.0), L.Dropout(0.5)),
        True,
    ),
    "a rate of 1 in one branch": (
        lambda: residual(L.Dropout(1.0), side=True),
        True,
    ),
    "a rate of 1 alone on the way": (
        lambda: residual(L.Dropout(1.0), side=False),
        False,
    ),
    "a rate of 0 alone on the way": (
        lambda: residual(L.Dropout(0.0), side=False),
        False,
    ),
    "an output that depends on none": (beside, False),
    "a user's dropout": (lambda: stopped(OwnDropout(1.0)), True),
    "what is no graph": (Subclassed, True),
}


@pytest.mark.parametrize("make, expected", VARIES.values(), ids=VARIES)
def test_whether_a_draw_reaches_an_output(make, expected):
    assert plan(make()).varies() == expected


def test_which_layers_stop_what_the_graph_does_not_tell():
    seen, inner = L.Dropout(1.0), L.Dropout(1.0)
    own = OwnDropout(1.0)
    timed = L.TimeDistributed(inner)
    found = plan(stopped(L.Reshape((2, 3)), timed, seen, own, L.Flatten()))
    assert found.stops_inside([seen, inner, own]) == [inner, own]


@pytest.mark.parametrize("chunk", [1, 3])
def test_copies_start_where_the_graph_is_cut(chunk):
    found = plan(flat(L.Dropout(0.5), L.Dense(3)))
    x = keras.ops.convert_to_tensor(np.ones((2, FEATURES), "float32"))
    draws = Draws(as_key(0), keras.backend.backend() == "jax")
    (value,) = found.copies([(x, None)], chunk, draws).values()
    assert tuple(value.shape) == (2 * chunk, FEATURES)
    assert set(np.unique(to_numpy(value))) == {0.0, 2.0}


@pytest.mark.parametrize("count", [1, 3])
def test_copies_of_a_batch_are_parted_again(count):
    x = np.arange(8.0, dtype="float32").reshape((2, 4))
    many = repeated(keras.ops.convert_to_tensor(x), count)
    assert tuple(many.shape) == (2 * count, 4)
    found = to_numpy(parted(many, count))
    np.testing.assert_array_equal(found, np.stack([x] * count))


@pytest.mark.parametrize("budget, chunk", [(1, 1), (6 * 4 * 7, 5), (10**6, 10)])
def test_a_chunk_keeps_to_the_budget(budget, chunk, monkeypatch):
    monkeypatch.setattr(sample_plan, "BUDGET", {"cpu": budget, "other": 1})
    x = np.ones((4, FEATURES), "float32")
    found = plan(flat(L.Dropout(0.5), L.Dense(3)))
    assert found.chunk([(x, None)], 10, on_cpu=True) == chunk
    assert found.chunk([(x, None)], 10, on_cpu=False) == 1


KNOWN = [
    (20, 10, 10),
    (20, 13, 10),
    (100, 8, 5),
    (100, 12, 10),
    (7, 100, 7),
    (101, 1, 1),
    (101, 10, 6),
]


@pytest.mark.parametrize("samples, most, expected", KNOWN)
def test_known_sizes(samples, most, expected):
    assert chunk_size(samples, most) == expected


@given(st.integers(1, 2000), st.integers(1, 300))
def test_it_fits_and_wastes_little(samples, most):
    size = chunk_size(samples, most)
    waste = -samples % size
    assert min(samples, most) / 2 <= size <= min(samples, most)
    assert all(
        waste <= -samples % n for n in range(size, most + 1) if n <= samples
    )


@pytest.mark.parametrize(
    "elements, budget, expected", [(10, 100, 10), (1000, 100, 1), (0, 5, 5)]
)
def test_samples_that_fit(elements, budget, expected):
    assert samples_that_fit(elements, budget) == expected
