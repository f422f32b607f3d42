import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.facts.data.sample import ROWS
from keras_trainkit.diagnostics.facts.data.sample import sample_of

X = np.arange(80.0).reshape(20, 4)
Y = np.arange(20) % 3


def two_inputs():
    first = keras.Input((4,), name="first")
    second = keras.Input((2,), name="second")
    both = keras.layers.Concatenate()([first, second])
    return keras.Model(
        [first, second],
        {
            "left": keras.layers.Dense(1, name="left")(both),
            "right": keras.layers.Dense(1, name="right")(both),
        },
    )


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 5

    def __getitem__(self, place):
        return X[4 * place : 4 * place + 4], Y[4 * place : 4 * place + 4]


def test_arrays():
    sample = sample_of(None, X, Y)
    np.testing.assert_array_equal(sample.x[0], X)
    np.testing.assert_array_equal(sample.y[0], Y)
    assert (sample.n, sample.rows, sample.is_dataset) == (20, 20, False)
    assert sample.lengths == {"x": 20, "y": 20}


def test_rows_come_from_all_over():
    x = np.arange(10 * ROWS)
    sample = sample_of(None, x, x)
    assert sample.n == ROWS
    assert sample.rows == len(sample.whole_y[0]) == 10 * ROWS
    assert (sample.x[0][0], sample.x[0][-1]) == (0, 10 * ROWS - 1)
    np.testing.assert_array_equal(sample.x[0], sample.y[0])


def test_dicts_are_put_in_order_of_the_model():
    model = two_inputs()
    x = {"second": np.zeros((6, 2)), "first": np.ones((6, 4))}
    y = {"right": np.zeros(6), "left": np.ones(6)}
    sample = sample_of(model, x, y)
    assert [one.shape for one in sample.x] == [(6, 4), (6, 2)]
    assert dict(zip(sample.output_keys, [1.0, 0.0], strict=True)) == {
        name: one.mean() for name, one in sample.head(3)[1].items()
    }
    assert set(sample.head(3)[0]) == {"first", "second"}


@pytest.mark.parametrize("count", [1, 2])
def test_the_head_is_as_the_model_takes_it(count):
    parts = [X, X[:, :2]][:count]
    inputs, targets = sample_of(None, parts, Y).head(3)
    assert isinstance(inputs, list) is (count == 2)
    assert len(keras.tree.flatten(inputs)[0]) == len(targets) == 3


def test_tensors_and_lists_of_numbers():
    sample = sample_of(None, keras.ops.convert_to_tensor(X), Y.tolist())
    np.testing.assert_array_equal(sample.x[0], X)
    np.testing.assert_array_equal(sample.y[0], Y)


def test_unlike_lengths_are_kept_in_mind():
    sample = sample_of(None, X, Y[:15])
    assert sample.lengths == {"x": 20, "y": 15}
    assert len(sample.x[0]) == len(sample.y[0]) == 15


def test_values_that_are_none_are_counted():
    x = X.copy()
    x[3] = np.nan
    sample = sample_of(None, x, np.where(Y == 2, np.inf, 0.0))
    assert sample.non_finite == {"x": 4, "y": 6}


def test_validation_data():
    sample = sample_of(None, X, Y, (X[:5], Y[:5]))
    assert [len(part[0]) for part in sample.validation] == [5, 5]


def test_a_tf_dataset():
    tf = pytest.importorskip("tensorflow")
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(8)
    sample = sample_of(None, data)
    assert (sample.n, sample.steps, sample.batch_size) == (20, 3, 8)
    np.testing.assert_array_equal(sample.x[0], X)


def test_a_data_loader_leaves_no_trace():
    torch = pytest.importorskip("torch")
    pairs = torch.utils.data.TensorDataset(torch.ones(9, 2), torch.ones(9))
    data = torch.utils.data.DataLoader(pairs, batch_size=3, shuffle=True)
    before = torch.random.get_rng_state()
    sample = sample_of(None, data)
    assert torch.equal(before, torch.random.get_rng_state())
    assert (sample.n, sample.steps) == (9, 3)


@pytest.mark.parametrize(
    "error, words, given",
    [
        (TypeError, "more than once", {"x": (one for one in [X])}),
        (TypeError, "an array", {"x": 3}),
        (TypeError, "an array", {"x": X, "y": "labels"}),
        (ValueError, "pad_sequences", {"x": [[1, 2], [3]]}),
        (ValueError, "at least one row", {"x": X[:0], "y": Y[:0]}),
        (ValueError, "brings its own", {"x": Batches(), "y": Y}),
        (ValueError, "pair", {"x": X, "validation_data": 3}),
        (ValueError, "Leave it out", {"x": X, "validation_data": [(X, Y)]}),
        (ValueError, "same length", {"x": [X, X[:3]]}),
    ],
)
def test_what_is_refused(error, words, given):
    with pytest.raises(error, match=words):
        sample_of(None, **given)
