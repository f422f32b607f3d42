import keras
import pytest

import keras_trainkit as ktk
from keras_trainkit.models.graph import Steps
from keras_trainkit.sampling.row_independence import can_be_repeated
from keras_trainkit.sampling.row_independence import rows_are_independent

L = keras.layers


class Own(L.Layer):
    def call(self, x):
        return x - keras.ops.mean(x, axis=0, keepdims=True)

    def compute_output_shape(self, shape):
        return shape


class OwnCell(L.LSTMCell):
    pass


def after(*operations, shape=(4, 4), batch=None):
    x = keras.Input(shape, batch_size=batch)
    y = x
    for operation in operations:
        y = operation(y)
    return keras.Model(x, y)


def independent(model):
    return all(map(rows_are_independent, Steps(model).steps))


def inner(*operations):
    return after(*operations, shape=(4,))


SAFE = {
    "dense": [L.Dense(3, "relu"), L.Flatten(), L.Dense(2, "softmax")],
    "convolution": [L.Conv1D(3, 2), L.MaxPooling1D(), L.BatchNormalization()],
    "normalisation": [L.LayerNormalization(), L.GroupNormalization(2)],
    "recurrent": [L.LSTM(3, return_sequences=True), L.Bidirectional(L.GRU(2))],
    "spatial dropout": [L.SpatialDropout1D(0.2)],
    "a mask for all times": [L.Dropout(0.2, noise_shape=(None, 1, None))],
    "ours": [ktk.layers.MCDropout(0.2), ktk.layers.RReLU()],
    "ours, with weights": [ktk.layers.SwiGLU(4), ktk.layers.Swish()],
    "arithmetic": [lambda x: keras.ops.relu(x + x) * 2 - 1],
    "attention": [lambda x: L.MultiHeadAttention(2, 2)(x, x)],
    "einsum": [L.EinsumDense("abc,cd->abd", output_shape=(None, 3))],
    "softmax": [L.Softmax(axis=-1), L.Activation("tanh")],
    "time distributed": [L.TimeDistributed(L.Dense(2))],
    "a model inside": [L.TimeDistributed(inner(L.Dense(2), L.ReLU()))],
    "a softmax inside": [L.TimeDistributed(L.Softmax())],
}
NOT_SAFE = {
    "a user's layer": [Own()],
    "lambda": [L.Lambda(lambda x: x * 2)],
    "a user's activation": [L.Dense(3, activation=lambda x: x[::-1])],
    "a mask for all rows": [L.Dropout(0.2, noise_shape=(1, None, None))],
    "a mask of fixed rows": [L.AlphaDropout(0.2, noise_shape=(8, 4, 4))],
    "a mask of lower rank": [L.Dropout(0.2, noise_shape=(None, 4))],
    "one mask for all": [L.Dropout(0.2, noise_shape=())],
    "a mask whose place is unknown": [
        L.TimeDistributed(L.Dropout(0.2, noise_shape=(None, 1)))
    ],
    "softmax over rows": [L.Softmax(axis=0)],
    "softmax over rows from behind": [L.Softmax(axis=-3)],
    "joined rows": [lambda x: L.Concatenate(axis=0)([x, x])],
    "rows summed": [lambda x: keras.ops.sum(x, axis=0, keepdims=True)],
    "rows turned": [lambda x: keras.ops.flip(x, axis=0)],
    "rows folded": [lambda x: keras.ops.reshape(x, (-1, 2))],
    "a table for all rows": [
        lambda x: x + keras.ops.ones((8, 1, 1)),
    ],
    "a user's cell": [L.RNN(OwnCell(2))],
    "a user's layer inside": [L.TimeDistributed(Own())],
    "a user's layer in a model inside": [L.TimeDistributed(inner(Own()))],
    "an operation in a model inside": [
        L.TimeDistributed(inner(lambda x: keras.ops.flip(x, axis=0)))
    ],
    "a softmax over rows inside": [L.TimeDistributed(L.Softmax(axis=0))],
    "a softmax over rows from behind, inside": [
        L.TimeDistributed(L.Softmax(axis=-2))
    ],
    "ranks that differ": [lambda x: x + x[:, 0, 0]],
}


@pytest.mark.parametrize("operations", SAFE.values(), ids=SAFE)
def test_what_may_be_tiled(operations):
    assert independent(after(*operations))


@pytest.mark.parametrize("operations", NOT_SAFE.values(), ids=NOT_SAFE)
def test_what_may_not(operations):
    assert not independent(after(*operations))


def test_rows_may_not_become_another_axis():
    moved = L.EinsumDense("abc,cd->bad", output_shape=(None, 3))
    assert not independent(after(moved, shape=(None, 4)))


def test_a_fixed_batch_may_not():
    assert not independent(after(L.Dense(2), batch=8))


def repeatable(model):
    step = Steps(model).steps[-1]
    return can_be_repeated(step, step.specs[0])


def test_what_can_be_repeated():
    assert repeatable(after(L.Dense(2)))
    assert repeatable(after(lambda x: x * 2))


def test_a_fixed_batch_and_what_is_sparse_cannot():
    assert not repeatable(after(L.Dense(2), batch=8))
    entry = Steps(after(L.Dense(2))).steps[0]
    assert not can_be_repeated(entry, keras.KerasTensor((None, 4), sparse=True))


def test_a_stateful_layer_may_not():
    assert not independent(after(L.LSTM(2, stateful=True), batch=8))
