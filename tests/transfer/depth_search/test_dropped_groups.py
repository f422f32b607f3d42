"""A model without some groups computes what is left of it."""

import keras
import numpy as np
import pytest

from keras_trainkit.transfer.depth_search.dropped_groups import Gap
from tests.helpers import reuse_models as zoo
from tests.helpers.arrays import to_numpy

X, _ = zoo.data(4)


def layers(model, *names):
    held = [one for one in model.layers if isinstance(one, keras.Model)]
    found = {one.name: one for m in [model, *held] for one in m.layers}
    return [found[name] for name in names]


def test_what_is_left_is_called_one_after_the_other():
    model = zoo.chain(compiled=False)
    gap = Gap(model, layers(model, "middle", "norm"))
    assert gap.closes
    closed = gap.closed()
    stem, relu, top, head = (
        closed.get_layer(name) for name in ("stem", "relu", "top", "head")
    )
    names = [one.name for one in closed.layers[1:]]
    assert names == ["stem", "relu", "top", "dropout", "head"]
    assert stem is model.get_layer("stem")
    assert tuple(top.kernel.shape) == (6, 4)
    expected = head(top(relu(stem(X))))
    np.testing.assert_allclose(to_numpy(closed(X)), to_numpy(expected))


def test_pooling_between_what_is_dropped_stays():
    model = zoo.convolutional()
    closed = Gap(model, layers(model, "high", "top")).closed()
    names = [one.name for one in closed.layers[1:]]
    assert names == ["low", "pool", "head"]
    x = X[..., None]
    low, pool, head = closed.layers[1:]
    np.testing.assert_allclose(
        to_numpy(closed(x)), to_numpy(head(pool(low(x)))), rtol=1e-5
    )


def test_a_layer_of_which_only_a_part_is_dropped_does_not_close():
    block = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    wrapped = keras.layers.TimeDistributed(block)
    inputs = keras.Input((3, 4))
    x = keras.layers.Dense(4, name="low")(inputs)
    attention = keras.layers.MultiHeadAttention(2, 2, name="high")
    model = keras.Model(inputs, keras.layers.Dense(2)(wrapped(attention(x, x))))
    parts = [attention.query_dense, *block.layers]
    assert not Gap(model, parts).closes
    whole = Gap(model, [attention, wrapped])
    assert whole.closes
    assert [one.name for one in whole.closed().layers[1:2]] == ["low"]


def test_a_head_inside_of_a_nested_model_gets_the_values_before_the_gap():
    base = keras.Sequential(
        [keras.Input((8,)), keras.layers.Dense(5, name="low")]
    )
    base.add(keras.layers.Dense(5, "relu", name="high"))
    base.add(keras.layers.ReLU())
    inputs = keras.Input((8,))
    head = keras.layers.Dense(2, name="head")
    model = keras.Model(inputs, head(base(inputs)))
    closed = Gap(model, base.layers[1:2]).closed()
    low = base.layers[0]
    made = closed.get_layer("head")
    assert made is not head
    expected = made(keras.ops.relu(low(X)))
    np.testing.assert_allclose(
        to_numpy(closed(X)), to_numpy(expected), rtol=1e-5
    )


CLOSES = {
    "a shortcut leads past": (zoo.residual, ["around"], False),
    "the shortcut is dropped, too": (zoo.residual, ["around", "high"], True),
    "nothing is kept": (zoo.chain, ["stem", "middle", "norm"], False),
    "in a nested model": (zoo.nested, ["high"], True),
}


@pytest.mark.parametrize("make, names, closes", CLOSES.values(), ids=CLOSES)
def test_only_what_leaves_a_whole_model_closes(make, names, closes):
    model = make()
    assert Gap(model, layers(model, *names)).closes == closes


def test_a_whole_residual_block_can_be_dropped():
    model = zoo.residual()
    closed = Gap(model, layers(model, "around", "high")).closed()
    low, head = (closed.get_layer(name) for name in ("low", "head"))
    np.testing.assert_allclose(
        to_numpy(closed(X)), to_numpy(head(low(X))), rtol=1e-5
    )
