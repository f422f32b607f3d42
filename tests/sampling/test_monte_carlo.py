import keras
import numpy as np
import pytest

from keras_trainkit.sampling import sample_chunks
from keras_trainkit.sampling import sample_plan
from keras_trainkit.sampling.monte_carlo import MonteCarlo
from keras_trainkit.sampling.random_layers import RandomLayers
from tests.helpers.counted_calls import count_rows
from tests.helpers.random_zoo import FEATURES
from tests.helpers.random_zoo import Subclassed

L = keras.layers


@keras.saving.register_keras_serializable(package="keras_trainkit_tests")
class Counted(L.Layer):
    """Counts the calls of its `call`, and the rows in each."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.rows = []

    def call(self, x):
        self.rows.append(x.shape[0])
        return x


@pytest.fixture
def dense_rows(monkeypatch):
    return count_rows(monkeypatch, L.Dense, "counted")


def numbers(outputs):
    return [("regression", False)] * len(keras.tree.flatten(outputs))


def engine(model, return_samples=False):
    return MonteCarlo(RandomLayers(model), numbers, return_samples)


def x(rows=4):
    values = np.random.default_rng(0).normal(size=(rows, FEATURES))
    return values.astype("float32")


def with_trunk(*tail):
    trunk = Counted()
    layers = [keras.Input((FEATURES,)), trunk, L.Dropout(0.5), *tail]
    return trunk, keras.Sequential([*layers, L.Dense(2)])


def rows_of_calls(counted, run):
    before = len(counted.rows)
    run()
    return list(counted.rows[before:])


def test_the_trunk_runs_once_a_batch():
    trunk, model = with_trunk()
    model.compile(run_eagerly=True, jit_compile=False)
    made = engine(model)
    assert rows_of_calls(trunk, lambda: made.sample(x(), (9,), 0, 0)) == [4]


@pytest.fixture
def any_group(monkeypatch):
    """No parts of a chunk, which JAX has on a CPU."""
    most = {"cpu": 10**6, "other": 10**6}
    monkeypatch.setattr(sample_chunks, "_AT_ONCE", most)


@pytest.mark.usefixtures("any_group")
def test_samples_go_through_the_tail_at_once(dense_rows):
    _, model = with_trunk(L.Dense(3, name="counted"))
    model.compile(run_eagerly=True, jit_compile=False)
    dense_rows.clear()
    engine(model).sample(x(), (10,), 0, 0)
    assert dense_rows == [40]


def test_each_sample_sees_its_batch_where_rows_may_mix():
    counted = Counted()
    _, model = with_trunk(counted)
    model.compile(run_eagerly=True, jit_compile=False)
    made = engine(model)
    rows = rows_of_calls(counted, lambda: made.sample(x(), (5,), 0, 0))
    assert set(rows) == {4}


@pytest.mark.usefixtures("any_group")
@pytest.mark.parametrize("budget, chunk", [(1, 1), (6 * 4 * 7, 5), (10**6, 10)])
def test_chunks_keep_to_the_budget(budget, chunk, dense_rows, monkeypatch):
    monkeypatch.setattr(sample_plan, "BUDGET", {"cpu": budget, "other": budget})
    _, model = with_trunk(L.Dense(3, name="counted"))
    model.compile(run_eagerly=True, jit_compile=False)
    dense_rows.clear()
    engine(model).sample(x(), (10,), 0, 0)
    assert dense_rows == [4 * chunk] * (10 // chunk)


@pytest.mark.parametrize("budget", [1, 6 * 4 * 3, 10**6])
def test_statistics_are_those_of_the_samples(budget, monkeypatch):
    monkeypatch.setattr(sample_plan, "BUDGET", {"cpu": budget, "other": budget})
    _, model = with_trunk()
    model(x())
    (found,), (samples,) = engine(model, True).sample(x(), (7,), 0, 0)
    assert samples.shape == (7, 4, 2) and found["count"] == 7
    exact = samples.astype("float64")
    np.testing.assert_allclose(found["mean"], exact.mean(axis=0), atol=1e-5)
    variance = found["squares"] / 7
    np.testing.assert_allclose(variance, exact.var(axis=0), atol=1e-5)
    assert len(np.unique(samples[:, 0, 0])) > 3


def test_other_batches_and_seeds_draw_other_masks():
    _, model = with_trunk()
    model(x())
    made = engine(model)
    places = [(0, 0), (0, 1), (1, 0), (0, 0)]
    means = [made.sample(x(), (5,), *place)[0][0]["mean"] for place in places]
    same = [[np.array_equal(a, b) for a in means] for b in means]
    assert same == [
        [True, False, False, True],
        [False, True, False, False],
        [False, False, True, False],
        [True, False, False, True],
    ]


def test_whether_the_outputs_are_reached():
    inputs = keras.Input((FEATURES,))
    h = L.Dropout(0.5)(inputs)
    model = keras.Model(inputs, [L.Dense(2)(inputs), h])
    assert engine(model).reaches_outputs()
    beside = keras.Model(inputs, model.outputs[0])
    assert not engine(beside).reaches_outputs()
    assert engine(Subclassed()).reaches_outputs()


def test_an_output_before_the_first_dropout_is_certain():
    inputs = keras.Input((FEATURES,))
    h = L.Dense(3)(inputs)
    model = keras.Model(inputs, {"h": h, "y": L.Dropout(0.5)(h)})
    made = engine(model)
    found, _ = made.sample(x(), (20,), 0, 0)
    assert made.structure == {"h": 0, "y": 0}
    np.testing.assert_allclose(found[0]["squares"], 0, atol=1e-9)
    assert (found[1]["squares"] > 0).any()


def test_a_batch_with_fewer_rows_is_filled_up(dense_rows):
    counted = L.Dense(3, name="counted")
    layers = [L.Dense(4), L.Dropout(0.5), counted, L.Dense(2)]
    model = keras.Sequential([keras.Input((FEATURES,)), *layers])
    made = engine(model, True)
    dense_rows.clear()
    (found,), (samples,) = made.sample(x(3), (7,), 0, 0, rows=5)
    # However many samples are computed at a time, each has five rows.
    assert {rows % 5 for rows in dense_rows} == {0}
    assert found["mean"].shape == (3, 2) and samples.shape == (7, 3, 2)
    (whole,), _ = made.sample(x(5), (7,), 0, 0)
    np.testing.assert_allclose(found["mean"], whole["mean"][:3], rtol=1e-5)


def test_rows_are_not_added_where_they_could_matter():
    trunk, model = with_trunk()
    model.compile(run_eagerly=True, jit_compile=False)
    made = engine(model)
    rows = rows_of_calls(trunk, lambda: made.sample(x(3), (4,), 0, 0, rows=4))
    assert rows == [3]
