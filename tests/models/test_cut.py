import keras
import numpy as np
import pytest

from keras_trainkit.models.cut import cut
from keras_trainkit.models.cut import graph_layers
from tests.models import zoo

X = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")


def same(layer):
    return layer


def output_of(model, drop, data=X):
    inputs, tensor = cut(model, drop, same)
    return keras.Model(inputs, tensor).predict(data, verbose=0)


def chain(softmax=False):
    """Dense, an operation, Dense, and perhaps an operation at the end."""
    inputs = keras.Input((4,))
    x = keras.ops.tanh(zoo.dense(5, "first")(inputs))
    x = zoo.dense(3, "last")(x)
    x = keras.ops.softmax(x) if softmax else x
    return keras.Model(inputs, x)


def kernel(model, name):
    return np.array(model.get_layer(name).get_weights()[0], "float64")


@pytest.mark.parametrize("softmax", [False, True])
def test_operations_before_the_cut_stay_and_those_behind_it_go(softmax):
    model = chain(softmax)
    expected = np.tanh(X @ kernel(model, "first"))
    np.testing.assert_allclose(output_of(model, 1), expected, atol=1e-5)


def test_nothing_dropped_is_the_whole_graph():
    model = chain(softmax=True)
    expected = model.predict(X, verbose=0)
    np.testing.assert_allclose(output_of(model, 0), expected, atol=1e-6)


def test_a_layer_that_was_called_elsewhere_before_is_cut_in_this_graph():
    """`layer.input` would tell of the other graph."""
    head = zoo.dense(2, "head")
    head(keras.Input((4,)))
    inputs = keras.Input((4,))
    hidden = zoo.dense(4, "hidden")
    model = keras.Model(inputs, head(hidden(inputs)))
    expected = X @ kernel(model, "hidden")
    np.testing.assert_allclose(output_of(model, 1), expected, atol=1e-5)


def test_a_nested_model_counts_as_one_layer():
    model = zoo.nested()
    assert zoo.names(graph_layers(model)) == ["outer", "head"]
    expected = model.get_layer("outer").predict(X, verbose=0)
    np.testing.assert_allclose(output_of(model, 1), expected, atol=1e-6)


def test_a_branch_that_is_dropped_whole_leaves_one_tensor():
    inputs = keras.Input((4,))
    stem = zoo.dense(4, "stem")(inputs)
    left, right = zoo.dense(2, "left")(stem), zoo.dense(2, "right")(stem)
    model = keras.Model(inputs, keras.layers.Add()([left, right]))
    expected = X @ kernel(model, "stem")
    np.testing.assert_allclose(output_of(model, 3), expected, atol=1e-5)


@pytest.mark.parametrize("drop", [3, 4])
def test_several_tensors_across_the_cut_are_refused(drop):
    with pytest.raises(ValueError, match=f"2 do before .*|drop={drop}"):
        cut(zoo.branches(), drop, same)


def test_the_structure_of_the_inputs_is_kept():
    inputs = {
        "a": keras.Input((4,), name="a"),
        "b": keras.Input((4,), name="b"),
    }
    x = keras.layers.Concatenate()([inputs["a"], inputs["b"]])
    model = keras.Model(inputs, zoo.dense(1, "head")(x))
    found, _ = cut(model, 1, same)
    assert set(found) == {"a", "b"}
    np.testing.assert_array_equal(
        output_of(model, 1, {"a": X, "b": -X}), np.hstack([X, -X])
    )


def test_a_compiled_model_is_not_compiled_anew():
    def loss(y_true, y_pred):
        return keras.ops.mean(y_pred - y_true)

    model = chain()
    model.compile("sgd", loss)
    optimizer = model.optimizer
    assert output_of(model, 1).shape == (3, 5)
    assert model.compiled
    assert model.optimizer is optimizer
