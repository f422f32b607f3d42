import keras
import numpy as np
import pytest

from keras_trainkit.batch_norm.folding.flow import Flow
from keras_trainkit.batch_norm.folding.fold import fold
from keras_trainkit.batch_norm.folding.plan import Plan
from tests.helpers.normalized import assert_alike
from tests.helpers.normalized import norm
from tests.helpers.normalized import trained

# What copies a graph asks no backend.
pytestmark = pytest.mark.one_backend
layers = keras.layers
Dense = layers.Dense


def test_several_are_folded_into_one_layer():
    model = keras.Sequential(
        [
            keras.Input((6,)),
            norm("first"),
            norm("second"),
            Dense(5, name="hidden"),
            norm("third"),
            layers.Dropout(0.5),
            norm("fourth"),
        ]
    )
    folding = fold(trained(model))
    names = ("first", "second", "third", "fourth")
    assert folding.folded == dict.fromkeys(names, ("hidden",))
    assert_alike(model, folding.model, (6,))


def twins(second_norm):
    """Two inputs go through one Dense, then through norms."""
    a, b = keras.Input((6,)), keras.Input((6,))
    dense, one = Dense(5, name="dense"), norm()
    outputs = [one(dense(a)), second_norm(one)(dense(b))]
    return trained(keras.Model([a, b], outputs))


def test_shared_layers_are_folded_where_all_calls_agree():
    model = twins(lambda one: one)
    folding = fold(model)
    assert folding.folded == {"norm": ("dense",)}
    assert_alike(model, folding.model, (6,), (6,))


def test_shared_layers_are_left_where_calls_differ():
    folding = fold(twins(lambda one: norm("other")))
    assert set(folding.left) == {"norm", "other"}
    assert "'dense' is called elsewhere, too" in folding.left["norm"]
    folding = fold(twins(lambda one: layers.ReLU()))
    assert "'dense' is called elsewhere, too" in folding.left["norm"]


def test_one_normalization_goes_into_several_layers():
    x, one = keras.Input((6,)), norm()
    y = layers.Add()([one(Dense(5, name=name)(x)) for name in ("a", "b")])
    model = trained(keras.Model(x, y))
    folding = fold(model)
    assert folding.folded == {"norm": ("a", "b")}
    assert_alike(model, folding.model, (6,))


def test_a_model_that_is_called_twice():
    block = keras.Sequential(
        [keras.Input((6,)), Dense(6, name="dense"), norm(), layers.ReLU()],
        name="block",
    )
    x = keras.Input((6,))
    model = trained(keras.Model(x, block(block(x))))
    folding = fold(model)
    assert folding.folded == {"block/norm": ("block/dense",)}
    assert type(folding.model.get_layer("block")) is keras.Sequential
    assert_alike(model, folding.model, (6,))


def test_weights_shared_with_another_layer():
    x = keras.Input((1, 6))
    dense = Dense(6, name="dense")
    wrapped = layers.TimeDistributed(dense, name="wrapped")
    model = trained(keras.Model(x, [norm()(dense(x)), wrapped(x)]))
    plan = Plan(Flow(model))
    [reason] = plan.left.values()
    assert "'dense' shares its weights with another layer" in reason
    # No copy of a model can keep that.
    with pytest.raises(ValueError, match="shares 'dense/kernel' no longer"):
        fold(model)


def test_nothing_is_changed_where_one_of_several_cannot_be():
    x = keras.Input((4, 4, 6))
    normal = norm()(layers.ReLU()(x))
    fits = layers.Conv2D(2, 3, name="fits")(normal)
    pads = layers.Conv2D(2, 3, padding="same", name="pads")(normal)
    model = trained(keras.Model(x, [fits, pads]))
    folding = fold(model)
    assert "'pads' pads" in folding.left["norm"]
    np.testing.assert_array_equal(
        folding.model.get_layer("fits").get_weights()[0],
        model.get_layer("fits").get_weights()[0],
    )
