"""The copy has all that the model had, but for dead units."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.compression import shrink
from tests.helpers.arrays import to_numpy
from tests.helpers.dead_weights import filled
from tests.helpers.dead_weights import kill

layers = keras.layers
pytestmark = pytest.mark.one_backend


class Named(keras.Model):
    """A functional model of a class of one's own."""


def test_names_flags_and_what_was_assigned_are_carried_over():
    inner = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(6, "relu", name="b", kernel_regularizer="l2"),
        ],
        name="inner",
    )
    model = filled(
        keras.Sequential(
            [
                keras.Input((4,)),
                layers.Dense(5, "relu", name="a"),
                inner,
                layers.Dense(2, name="head"),
            ],
            name="whole",
        )
    )
    model.compile("sgd", "mse")
    kill(model.get_layer("a"), [0])
    kill(inner.get_layer("b"), [0, 1])
    inner.trainable = False
    model.get_layer("a").bias.trainable = False
    clip = ktk.constraints.WeightClip(-1.0, 1.0)
    ktk.constraints.constrain(model, constraint=clip, where="head")

    new = shrink(model).model

    assert isinstance(new, keras.Sequential)
    assert not new.compiled
    assert (new.name, new.layers[1].name) == ("whole", "inner")
    assert not new.layers[1].trainable
    assert not new.get_layer("a").bias.trainable
    assert new.get_layer("a").kernel.trainable
    assert new.layers[1].get_layer("b").kernel_regularizer is not None
    kept = new.get_layer("head").kernel.constraint
    assert isinstance(kept, ktk.constraints.WeightClip)
    assert new.layers[1].input_shape == (None, 4)


def test_a_functional_model_of_a_class_of_ones_own_shrinks():
    x = keras.Input((4,))
    y = layers.Dense(5, activation="relu", name="a")(x)
    model = filled(Named(x, layers.Dense(2, name="b")(y), name="own"))
    kill(model.get_layer("a"), [3])

    shrinking = shrink(model)

    assert shrinking.model.get_layer("a").units == 4
    assert shrinking.model.name == "own"
    assert shrinking.largest_difference < 1e-6


def test_double_precision_stays_exact():
    x = keras.Input((4,), dtype="float64")
    y = layers.Dense(5, "tanh", name="a", dtype="float64")(x)
    y = layers.Dense(2, name="b", dtype="float64")(y)
    model = filled(keras.Model(x, y))
    kill(model.get_layer("a"), [1, 2], 0.1)

    new = shrink(model).model

    old, small = (to_numpy(one.layers[-1].bias.value) for one in (model, new))
    kernel = to_numpy(model.layers[-1].kernel.value)
    added = np.tanh(np.float64(0.1)) * kernel[[1, 2]].sum(0)
    unit = np.finfo(old.dtype).eps  # of float32 in JAX's defaults
    np.testing.assert_allclose(small, old + added, rtol=45 * unit)
    assert small.dtype == old.dtype


def test_state_that_is_not_a_weight_is_carried_over():
    norm = layers.Normalization()
    norm.adapt(np.arange(12.0).reshape(3, 4))
    model = keras.Sequential(
        [
            keras.Input((4,)),
            norm,
            layers.Dense(5, "relu", name="a"),
            layers.Dropout(0.5, seed=3),
            layers.Dense(2),
        ]
    )
    kill(model.get_layer("a"), [0])

    shrinking = shrink(model)

    assert shrinking.largest_difference < 1e-6
    old, new = (to_numpy(m.layers[0].mean) for m in (model, shrinking.model))
    np.testing.assert_array_equal(new, old)
