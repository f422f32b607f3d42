"""Where heads begin, and new ones for several outputs."""

import keras
import numpy as np
import pytest

from keras_trainkit.transfer.head_cut import last_layers
from keras_trainkit.transfer.replace_head import replace_head
from tests.helpers.arrays import to_numpy
from tests.models import stacks
from tests.models import zoo

X = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")


def images(*layers, shape=(4, 4, 2)):
    return keras.Sequential(
        [
            keras.Input(shape),
            keras.layers.Conv2D(3, 3, name="conv"),
            keras.layers.BatchNormalization(name="norm"),
            *layers,
        ]
    )


def vgg():
    return images(
        keras.layers.Flatten(name="flat"),
        zoo.dense(4, "fc1"),
        keras.layers.Dropout(0.5, name="drop"),
        zoo.dense(4, "fc2"),
        keras.layers.Activation("softmax", name="softmax"),
    )


def pooled_twice():
    """The pooling that keeps its axes makes no vectors, as in MobileNet."""
    pool = keras.layers.GlobalAveragePooling2D(keepdims=True, name="pool")
    return images(
        pool,
        keras.layers.Conv2D(5, 1, name="scores"),
        keras.layers.Reshape((5,), name="reshape"),
    )


def pooling_inside():
    inner = images(keras.layers.GlobalMaxPooling2D(name="pool"))
    inner.name = "inner"
    return keras.Sequential([inner, zoo.dense(4, "fc1"), zoo.dense(2, "fc2")])


def sequences():
    inputs = keras.Input((3, 4))
    x = keras.layers.LSTM(2, name="lstm")(inputs)
    return keras.Model(inputs, zoo.dense(1, "head")(x))


def sliced():
    """As BERT: an operation, and no layer, makes the vector."""
    inputs = keras.Input((3, 4))
    x = stacks.TransformerBlock(name="block")(inputs)[:, 0]
    x = zoo.dense(4, "pooled")(x)
    return keras.Model(inputs, zoo.dense(1, "logits")(x))


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "make, expected",
    [
        (vgg, ["fc1", "drop", "fc2", "softmax"]),
        (pooled_twice, ["scores", "reshape"]),
        (pooling_inside, ["fc1", "fc2"]),
        (sequences, ["head"]),
        (sliced, ["logits"]),
        (zoo.sequential, ["head"]),
        (zoo.nested, ["head"]),
    ],
)
def test_what_the_head_is(make, expected):
    assert zoo.names(last_layers(make(), "head")) == expected


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "drop, expected", [(0, []), (np.int8(2), ["fc2", "softmax"])]
)
def test_how_many_are_last(drop, expected):
    assert zoo.names(last_layers(vgg(), drop)) == expected


def test_the_head_of_an_image_model_is_replaced():
    model = vgg()
    new = replace_head(model, zoo.dense(2, "new"), drop="head")
    assert zoo.names(new.layers) == ["conv", "norm", "flat", "new"]
    x = np.ones((2, 4, 4, 2), "float32")
    kernel, bias = new.get_layer("new").get_weights()
    features = keras.Model(model.inputs, model.get_layer("flat").output)
    expected = to_numpy(features(x)) @ kernel + bias
    np.testing.assert_allclose(to_numpy(new(x)), expected, atol=1e-5)


def test_several_new_outputs_begin_where_the_head_began():
    heads = {"one": zoo.dense(1, "a"), "two": [zoo.dense(2, "b")]}
    new = replace_head(vgg(), heads, drop="head")
    found = new(np.ones((2, 4, 4, 2), "float32"))
    assert {name: tuple(one.shape) for name, one in found.items()} == {
        "one": (2, 1),
        "two": (2, 2),
    }


def two_outputs(as_dict=False):
    inputs = keras.Input((4,))
    x = zoo.dense(4, "hidden")(inputs)
    a = keras.layers.Activation("tanh", name="tanh")(zoo.dense(1, "a")(x))
    b = zoo.dense(1, "b")(zoo.dense(3, "before_b")(x))
    outputs = {"a": a, "b": b} if as_dict else [a, b]
    return keras.Model(inputs, outputs, name="two")


@pytest.mark.parametrize(
    "as_dict, head",
    [(True, lambda new: {"b": new}), (False, lambda new: [None, new])],
    ids=["dictionary", "list"],
)
def test_an_output_that_gets_no_new_head_stays_as_it_is(as_dict, head):
    model = two_outputs(as_dict)
    new = replace_head(model, head(zoo.dense(2, "new")))
    before, after = model(X), new(X)
    assert type(before) is type(after)
    first, second = ("a", "b") if as_dict else (0, 1)
    np.testing.assert_array_equal(
        to_numpy(after[first]), to_numpy(before[first])
    )
    assert tuple(after[second].shape) == (3, 2)
    kept = {"hidden", "before_b", "a", "tanh", "new"}
    assert set(zoo.names(new.layers[1:])) == kept


@pytest.mark.one_backend
@pytest.mark.one_backend
@pytest.mark.parametrize(
    "drop, gone",
    [(1, {"tanh", "b"}), (2, {"tanh", "a", "b", "before_b"})],
)
def test_layers_are_counted_on_the_way_to_each_output(drop, gone):
    model = two_outputs()
    heads = [zoo.dense(2, "new_a"), zoo.dense(2, "new_b")]
    new = replace_head(model, heads, drop=drop)
    kept = set(zoo.names(model.layers)) - set(zoo.names(new.layers))
    assert kept - {model.layers[0].name} == gone


def test_the_heads_of_several_outputs_are_found():
    new = replace_head(
        two_outputs(),
        [zoo.dense(2, "new_a"), zoo.dense(2, "new_b")],
        drop="head",
    )
    names = set(zoo.names(new.layers[1:]))
    assert names == {"hidden", "before_b", "new_a", "new_b"}


REFUSED = [
    (vgg, {"drop": "heads"}, ValueError, "an integer or 'head'"),
    (vgg, {"drop": 1.5}, TypeError, "an integer or 'head'"),
    (
        pooled_twice,
        {"drop": "head"},
        ValueError,
        r"2 axes, .* shape \(None, 1, 1, 2\). Begin with `Flatten`",
    ),
    (
        lambda: keras.Sequential([vgg()]),
        {"drop": "head"},
        ValueError,
        "replace the head of 'sequential",
    ),
    (
        lambda: keras.Sequential([keras.Input((2, 2)), keras.layers.Flatten()]),
        {"drop": "head"},
        ValueError,
        "no layer of the model has weights",
    ),
    (
        two_outputs,
        {"head": {"c": zoo.dense(1, "x")}},
        ValueError,
        "'tanh', 'b'",
    ),
    (two_outputs, {"head": {}}, ValueError, "for each output"),
    (two_outputs, {"head": [zoo.dense(1, "x")]}, ValueError, "list of 2"),
    (
        two_outputs,
        {"head": {"b": zoo.dense(1, "x")}, "drop": 3},
        ValueError,
        r"lead to the output 'b' alone.*\['b', 'before_b'\]",
    ),
    (
        two_outputs,
        {"head": {"b": zoo.dense(1, "hidden")}},
        ValueError,
        "not .'hidden'.",
    ),
    (two_outputs, {"head": {"b": "dense"}}, TypeError, "list of layers"),
    (vgg, {"head": {}}, TypeError, "list of layers"),
]


@pytest.mark.one_backend
@pytest.mark.parametrize("make, arguments, error, message", REFUSED)
def test_what_cannot_be_done_is_refused(make, arguments, error, message):
    model = make()
    before = [to_numpy(w.value) for w in model.weights]
    given = {"head": zoo.dense(2, "new"), **arguments}
    with pytest.raises(error, match=message):
        replace_head(model, **given)
    after = [to_numpy(w.value) for w in model.weights]
    np.testing.assert_equal(after, before)
