import keras
import pytest

from keras_trainkit.models.normalization import is_normalization
from keras_trainkit.models.normalization import normalizes
from keras_trainkit.models.normalization import producers
from keras_trainkit.models.normalization import weights_before
from tests.models import zoo


class OwnBatchNorm(keras.layers.BatchNormalization):
    pass


@pytest.mark.parametrize(
    "layer, expected",
    [
        (keras.layers.BatchNormalization, True),
        (keras.layers.LayerNormalization, True),
        (keras.layers.GroupNormalization, True),
        (keras.layers.RMSNormalization, True),
        (keras.layers.Normalization, True),
        (OwnBatchNorm, True),
        (keras.layers.UnitNormalization, False),
        (lambda: keras.layers.Dense(1), False),
        (
            lambda: keras.layers.SpectralNormalization(keras.layers.Dense(1)),
            False,
        ),
    ],
)
def test_what_is_a_normalisation(layer, expected):
    assert is_normalization(layer()) is expected


@pytest.mark.parametrize(
    "name, expected",
    [("norm_left", "left"), ("norm_right", "right"), ("norm_sum", "right")],
)
def test_a_normalisation_belongs_to_the_layer_it_normalises(name, expected):
    model = zoo.branches()
    dense = [model.get_layer(n) for n in ("left", "right", "head")]
    places = {id(layer): place for place, layer in enumerate(dense)}
    place = weights_before(model.get_layer(name), producers([model]), places)
    assert dense[place].name == expected


def test_a_normalisation_behind_an_input_belongs_to_nothing():
    inputs = keras.Input((4,))
    norm = keras.layers.BatchNormalization()
    model = keras.Model(inputs, norm(inputs))
    assert weights_before(norm, producers([model]), {}) is None


def test_a_normalisation_behind_a_nested_model_is_not_traced_into_it():
    inputs = keras.Input((4,))
    base = zoo.subclassed()
    norm = keras.layers.BatchNormalization()
    model = keras.Model(inputs, norm(base(inputs)))
    hidden = {id(base.hidden): 0}
    assert weights_before(norm, producers([model]), hidden) is None


@pytest.mark.parametrize(
    "layer, expected",
    [
        (keras.layers.LayerNormalization, True),
        (type("LlamaLayerNorm", (keras.layers.Layer,), {}), True),
        (lambda: keras.layers.Dense(1), False),
    ],
    ids=["Keras's", "another library's", "none"],
)
def test_what_normalizes(layer, expected):
    assert normalizes(layer()) is expected


def test_a_wrapper_around_a_kernel_normalizes_nothing():
    layer = keras.layers.SpectralNormalization(keras.layers.Dense(1))
    layer.build((None, 2))
    assert not normalizes(layer)


def test_a_normalisation_outside_of_a_graph_belongs_to_nothing():
    layer = keras.layers.BatchNormalization()
    layer.build((None, 2))
    assert weights_before(layer, {}, {}) is None
