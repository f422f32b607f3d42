import re

import keras
import pytest

from keras_trainkit.batch_norm.folding.fold import fold
from tests.helpers.normalized import assert_alike
from tests.helpers.normalized import assert_left
from tests.helpers.normalized import norm
from tests.helpers.normalized import trained

# What copies a graph asks no backend.
pytestmark = pytest.mark.one_backend
layers = keras.layers
Dense = layers.Dense


def test_no_layer_comes_before():
    assert_left((6,), [norm(), layers.ReLU()], "no layer comes before it")


def read_elsewhere(x):
    hidden = Dense(6)(x)
    return layers.Add()([norm()(hidden), hidden])


def an_output(x):
    hidden = Dense(6)(x)
    return [norm()(hidden), hidden]


def behind_a_sum(x):
    return layers.ReLU()(norm()(layers.Add()([Dense(6)(x), x])))


def output_of_the_model(x):
    normal = norm()(layers.ReLU()(x))
    return [normal, Dense(2)(normal)]


def in_training_mode(x):
    return norm()(Dense(6)(x), training=True)


def in_a_model_in_training_mode(x):
    inner = keras.Sequential([keras.Input((6,)), Dense(6), norm()])
    return inner(x, training=True)


def before_a_sum(x):
    normal = norm()(layers.ReLU()(x))
    return layers.Add()([Dense(6)(normal), normal])


LEFT = {
    "read elsewhere": (read_elsewhere, "what it normalises is read elsewhere"),
    "what comes before is an output": (an_output, "is read elsewhere, too"),
    "behind a sum": (behind_a_sum, "the Add 'add.*of several inputs"),
    "an output itself": (output_of_the_model, "an output of the model"),
    "training=True": (in_training_mode, "called with `training=True`"),
    "inside training=True": (
        in_a_model_in_training_mode,
        "called with `training=True`",
    ),
    "before a sum and a layer": (before_a_sum, "the Add 'add"),
}


@pytest.mark.parametrize("make, reason", LEFT.values(), ids=LEFT)
def test_is_left(make, reason):
    x = keras.Input((6,))
    folding = fold(trained(keras.Model(x, make(x))), sample=None)
    [why] = folding.left.values()
    assert re.search(reason, why), why


def test_branches_each_for_itself():
    x = keras.Input((6,))
    left = norm("left_norm")(Dense(5, name="left")(x))
    normal = norm("both_norm")(layers.ReLU()(x))
    right = Dense(5, name="right", use_bias=False)(normal)
    more = Dense(5, name="more")(layers.Dropout(0.5)(normal))
    outputs = [layers.Add()([left, right]), more]
    model = trained(keras.Model(x, outputs))
    folding = fold(model)
    assert folding.folded == {
        "left_norm": ("left",),
        "both_norm": ("more", "right"),
    }
    assert_alike(model, folding.model, (6,))


def test_across_the_borders_of_nested_models():
    inner_input = keras.Input((6,), name="inside")
    inner = keras.Model(
        inner_input,
        Dense(5, name="last")(layers.ReLU()(norm("first_norm")(inner_input))),
        name="inner",
    )
    x = keras.Input((4,))
    y = norm("last_norm")(inner(Dense(6, name="before")(x)))
    model = trained(keras.Model(x, layers.ReLU()(y)))
    folding = fold(model)
    assert folding.folded == {
        "inner/first_norm": ("before",),
        "last_norm": ("inner/last",),
    }
    inner = folding.model.get_layer("inner")
    assert [type(one) for one in inner.layers[1:]] == [layers.ReLU, Dense]
    assert_alike(model, folding.model, (4,))


def test_models_of_several_inputs_are_opened_but_not_crossed():
    a, b = keras.Input((6,), name="a"), keras.Input((6,), name="b")
    inside = norm("inside")(Dense(5, name="dense")(a))
    inner = keras.Model(
        {"a": a, "b": b}, [inside, norm("edge")(b)], name="inner"
    )
    x, y = keras.Input((6,), name="x"), keras.Input((6,), name="y")
    outputs = inner({"a": x, "b": Dense(6)(y)})
    model = trained(keras.Model([x, y], outputs))
    folding = fold(model)
    assert folding.folded == {"inner/inside": ("inner/dense",)}
    assert "model of several inputs" in folding.left["inner/edge"]
    assert_alike(model, folding.model, (6,), (6,))
