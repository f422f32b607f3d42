import keras
import numpy as np
import pytest

from keras_trainkit.backend.model.still_layers import set_stillness
from keras_trainkit.backend.model.still_layers import stillness
from keras_trainkit.models.copies import LayerCopies
from keras_trainkit.models.paths import layer_paths
from keras_trainkit.models.paths import walk
from tests.helpers.arrays import to_numpy
from tests.models import zoo

GRAPHS = [kind for kind in zoo.ZOO if not kind.startswith("subclassed")]


def marked(model, seed=0):
    """Gives every variable a value of its own, statistics and seeds too."""
    rng = np.random.default_rng(seed)
    for v in model.variables:
        v.assign(rng.integers(1, 9, v.shape).astype(v.dtype))
    return model


def copied(model):
    copies = LayerCopies()
    copy = copies(model)
    copies.carry_state()
    return copy


def values(model):
    return to_numpy([v.value for v in model.variables])


@pytest.mark.parametrize("kind", GRAPHS)
def test_a_copy_is_equal_and_shares_nothing(kind):
    model = marked(zoo.ZOO[kind]())
    before = values(model)
    copy = copied(model)
    np.testing.assert_equal(values(copy), before)
    marked(copy, seed=1)
    np.testing.assert_equal(values(model), before)
    shared = {id(one) for _, one in walk(model)}
    assert not shared & {id(one) for _, one in walk(copy)}


@pytest.mark.parametrize("kind", GRAPHS)
def test_a_copy_has_the_paths_of_its_original(kind):
    model = zoo.ZOO[kind]()
    copy = copied(model)
    assert layer_paths(copy) == layer_paths(model)


@pytest.mark.parametrize("path", ["block/first", "block/norm", "block"])
def test_flags_inside_composites_are_kept(path):
    model = zoo.block()
    dict(walk(model))[path].trainable = False
    flags = [layer.trainable for _, layer in walk(copied(model))]
    assert flags == [layer.trainable for _, layer in walk(model)]


def test_a_frozen_nested_model_stays_frozen():
    copy = copied(zoo.nested(frozen=True))
    backbone = dict(walk(copy))["outer/backbone"]
    assert not backbone.trainable
    assert [w.path for w in copy.trainable_weights] == [
        "head/kernel",
        "head/bias",
    ]


def test_what_was_assigned_to_variables_is_kept():
    model = zoo.sequential()
    kernel = model.get_layer("hidden").kernel
    kernel.constraint = keras.constraints.NonNeg()
    kernel.trainable = False
    copy = copied(model).get_layer("hidden").kernel
    assert isinstance(copy.constraint, keras.constraints.NonNeg)
    assert not copy.trainable


def test_an_adapted_normalisation_acts_as_before():
    data = np.array([[1.0, 2.0], [3.0, 8.0]], "float32")
    layer = keras.layers.Normalization()
    layer.adapt(data)
    model = keras.Sequential([keras.Input((2,)), layer])
    np.testing.assert_allclose(
        to_numpy(copied(model)(data)), [[-1, -1], [1, 1]], atol=1e-6
    )


def test_an_adapted_vocabulary_is_kept():
    reason = "Keras's lookups need TensorFlow installed"
    pytest.importorskip("tensorflow", reason=reason)
    layer = keras.layers.IntegerLookup()
    layer.adapt(np.array([7, 7, 5]))
    copies = LayerCopies()
    copy = copies(layer)
    copies.carry_state()
    assert list(map(int, copy.get_vocabulary())) == [-1, 7, 5]


def test_a_subclassed_model_inside_a_graph_is_copied_by_its_config():
    class Inner(keras.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.layer = keras.layers.Dense(2, name="layer")

        def call(self, x):
            return self.layer(x)

    inputs = keras.Input((4,))
    model = marked(keras.Model(inputs, Inner(name="inner")(inputs)))
    np.testing.assert_equal(values(copied(model)), values(model))


class Branch(keras.Model):
    """Functional, and not to be made from its configuration."""

    def __init__(self, layer):
        inputs = keras.Input((4,))
        super().__init__(inputs, layer(inputs), name="branch")

    def get_config(self):
        raise NotImplementedError("no config")


def test_a_functional_model_without_a_config_is_copied_by_its_graph():
    inputs = keras.Input((4,))
    branch = Branch(zoo.dense(3, "inside"))
    model = marked(keras.Model(inputs, branch(inputs)))
    copies = LayerCopies()
    copy = copies(model)
    copies.carry_state()
    np.testing.assert_equal(values(copy), values(model))
    assert type(copy.get_layer("branch")) is not Branch
    assert "no config" in str(copies.plain[id(branch)])


def test_a_layer_that_is_replaced_gets_no_state():
    model = marked(zoo.sequential())
    head = model.get_layer("head")
    other = zoo.dense(5, "other")
    copies = LayerCopies(instead={id(head): other})
    copy = copies(model)
    copies.carry_state()
    assert copy.layers[-1] is other and copy.output_shape == (None, 5)
    found = to_numpy([w.value for w in copy.get_layer("hidden").weights])
    expected = to_numpy([w.value for w in model.get_layer("hidden").weights])
    np.testing.assert_equal(found, expected)


def test_each_layer_is_copied_once():
    copies = LayerCopies()
    layer = keras.layers.Dense(1)
    assert copies(layer) is copies(layer) is not layer


@pytest.mark.parametrize("place", ["first", "last"])
def test_a_copy_holds_still_where_its_original_does(place):
    wrapped = keras.layers.SpectralNormalization(
        keras.layers.Dense(3), name="spectral"
    )
    layers = [wrapped, keras.layers.Dense(2)]
    model = keras.Sequential(
        [keras.Input((4,)), *(layers if place == "first" else layers[::-1])]
    )
    set_stillness(wrapped, (True, False))
    copy = copied(model).get_layer("spectral")
    assert stillness(copy) == stillness(wrapped) == (True, False)


def test_nothing_to_copy_is_allowed():
    assert LayerCopies().carry_state() is None
