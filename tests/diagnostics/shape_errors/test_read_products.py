import keras
import pytest

from tests.helpers.explained import FixedRows
from tests.helpers.explained import compiled
from tests.helpers.explained import note_of
from tests.helpers.explained import values


def stateful():
    model = compiled(
        keras.Input(batch_shape=(16, 7, 3)),
        keras.layers.LSTM(4, stateful=True, name="memory"),
    )
    # Compiled, Keras 3.13 fails in TensorFlow's graph even on whole batches.
    model.compile("sgd", "mse", run_eagerly=True)
    return model


def test_a_stateful_layer_meets_the_last_batch():
    note = note_of(
        lambda: stateful().predict(values(40, 7, 3), batch_size=16, verbose=0)
    )
    assert "'memory' (LSTM) keeps one state for each of 16 rows" in note
    assert "8: the last batch, which is smaller (40 rows in batches" in note
    assert "the first 32 of 40 rows, x[:32]" in note


def fixed_loss(target, output):
    weights = keras.ops.ones((32, 1))
    return keras.ops.mean(keras.ops.square(target - output) * weights)


def test_a_loss_of_a_fixed_batch_meets_the_last_batch():
    model = compiled(
        keras.Input((3,)), keras.layers.Dense(1, name="head"), loss=fixed_loss
    )
    note = note_of(lambda: model.fit(values(40, 3), values(40, 1), verbose=0))
    assert "'fixed_loss'" in note
    assert "holds a tensor of 32 rows and meets a batch of 8" in note
    assert "keras.ops.shape(x)[0] in place of 32" in note


def test_a_layer_of_a_fixed_batch_is_named():
    note = note_of(lambda: FixedRows(name="noise")(values(8, 6)))
    assert "'noise' (FixedRows) holds a tensor of 32 rows" in note


def test_features_of_a_sequence_that_differ():
    layer = keras.layers.LSTM(4, name="memory")
    layer.build((None, 7, 3))
    note = note_of(lambda: layer(values(2, 7, 5)))
    assert "'memory' (LSTM) was built for 3 features and was given 5" in note


def test_rows_that_differ_between_the_inputs_of_a_layer():
    attention = keras.layers.MultiHeadAttention(2, 4, name="attention")
    note = note_of(lambda: attention(values(2, 5, 8), values(3, 6, 8)))
    assert "'attention' (MultiHeadAttention) was given inputs of unlike" in note


class Product(keras.Layer):
    def call(self, x):
        return keras.ops.matmul(x, keras.ops.ones((5, 2)))


@pytest.mark.parametrize("rows", [3, 4])
def test_a_product_in_a_layer_of_one_s_own(rows):
    note = note_of(lambda: Product(name="mix")(values(rows, 6)))
    assert "in 'mix' (Product) a matrix product sums over 6 values" in note
    assert f"{rows}: the batch size" in note or f"({rows}x6" not in note
    assert "6: axis 1 of the input given to 'mix'" in note


class Projection(keras.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.matrix = self.add_weight(shape=(5, 2), name="matrix")

    def call(self, x):
        return keras.ops.einsum("bd,de->be", x, self.matrix)


def test_a_weight_of_one_s_own_is_what_to_change():
    note = note_of(lambda: Projection(name="project")(values(3, 4)))
    assert "make 4 of axis 0 of the weight 'matrix' of 'project'" in note


class MixedRows(keras.Layer):
    def call(self, x):
        split = keras.ops.reshape(x, (-1, 2))
        return keras.ops.concatenate([x, split], axis=-1)


def test_a_reshape_that_mixes_rows_with_another_axis():
    model = keras.Sequential([MixedRows(name="mixed")])
    note = note_of(lambda: model.predict(values(10, 4), verbose=0))
    assert "keras.ops.reshape(x, (keras.ops.shape(x)[0], ...))" in note


def test_a_sum_of_symbols_names_no_layer():
    start = keras.Input((6, 6, 4))
    wider = keras.layers.Conv2D(8, 3, padding="same", name="wider")(start)
    note = note_of(lambda: start + wider)
    assert "an axis of 4 meets one of 8" in note


class Tied(keras.Layer):
    """Decodes by the weights of an encoder, and forgets to turn them."""

    def __init__(self, encoder, **kwargs):
        super().__init__(**kwargs)
        self.encoder = encoder

    def call(self, x):
        return keras.ops.matmul(x, self.encoder.kernel)


def test_tied_weights_the_wrong_way_round():
    encoder = keras.layers.Dense(6, name="code")
    hidden = encoder(keras.Input((10,)))
    note = note_of(lambda: Tied(encoder, name="decoder")(hidden))
    assert "the kernel of 'code' is 10 x 6: where it is meant" in note
    assert "decoder/code" not in note


def test_either_of_two_sizes_may_be_changed():
    class Sum(keras.Model):
        def __init__(self):
            super().__init__(name="sum")
            self.left = keras.layers.Dense(5, name="left")
            self.right = keras.layers.Dense(4, name="right")

        def call(self, x):
            return self.left(x) + self.right(x)

    note = note_of(lambda: Sum()(values(2, 3))).splitlines()[-1]
    assert "units=4 for 'left'" in note
    assert "units=5 for 'right'" in note


class Skip(keras.Model):
    """Adds 8 units to 6."""

    def __init__(self):
        super().__init__(name="skip")
        self.first = keras.layers.Dense(8, name="first")
        self.second = keras.layers.Dense(6, name="second")

    def call(self, x):
        hidden = self.first(x)
        return hidden + self.second(hidden)


def test_the_rows_of_the_last_batch_are_no_cause_in_the_first():
    model = Skip()
    model.compile("sgd", "mse")
    note = note_of(lambda: model.fit(values(40, 4), values(40, 6), verbose=0))
    assert "last batch" not in note
    assert "units=6 for 'first'" in note.splitlines()[-1]


def of_products(target, output):
    products = keras.ops.matmul(target, keras.ops.transpose(output))
    return keras.ops.mean(products - keras.ops.ones((32, 31)))


def test_a_difference_of_products_is_no_product():
    model = compiled(keras.Input((3,)), keras.layers.Dense(2), loss=of_products)
    note = note_of(lambda: model.fit(values(64, 3), values(64, 2), verbose=0))
    assert "an axis of 32 meets one of 31" in note
    assert "matrix product" not in note
