import keras
import pytest

from keras_trainkit.layers import SquaredReLU
from keras_trainkit.probing.observed_layers import bounds
from keras_trainkit.probing.observed_layers import dead_at_zero
from keras_trainkit.probing.observed_layers import observed_layers
from keras_trainkit.probing.observed_layers import unit_axis
from tests.models import zoo

L = keras.layers
SEEN = {
    "bidirectional": ["stem", "both_ways", "head"],
    "attention": ["stem", "attention", "head"],
    "wrapped": ["stem", "timed", "spectral", "head"],
}


@pytest.mark.parametrize(
    "name", ["bidirectional", "attention", "wrapped"], ids=str
)
@pytest.mark.one_backend
def test_a_layer_of_keras_is_one_layer(name):
    assert list(observed_layers(zoo.ZOO[name]())) == SEEN[name]


@pytest.mark.one_backend
def test_models_are_opened_and_graphs_add_nothing():
    inner = keras.Sequential(
        [keras.Input((3,)), L.Dense(2, name="a")], name="inner"
    )
    x = keras.Input((3,))
    model = keras.Model(x, keras.ops.relu(inner(x)), name="outer")
    dense, operation = observed_layers(model)
    assert dense == "inner/a" and operation.startswith("relu")


@pytest.mark.one_backend
def test_a_subclassed_model_has_values_of_its_own():
    model = zoo.subclassed()
    paths = list(observed_layers(model))
    assert paths[-1] == "model" and len(paths) > 1


DEAD = {
    "dense": (L.Dense(2, activation="relu"), True),
    "layer": (L.ReLU(), True),
    "cut off": (L.ReLU(max_value=6.0), True),
    "leaky": (L.ReLU(negative_slope=0.1), False),
    "threshold": (L.ReLU(threshold=1.0), False),
    "leaky layer": (L.LeakyReLU(), False),
    "activation": (L.Activation("relu6"), True),
    "layer as activation": (L.Dense(2, activation=L.ReLU()), True),
    "over time": (L.TimeDistributed(L.Dense(2, activation="relu")), True),
    "elu": (L.Dense(2, activation="elu"), False),
    "squared": (SquaredReLU(), True),
    "none": (L.Flatten(), False),
}


@pytest.mark.parametrize("layer, expected", DEAD.values(), ids=DEAD)
@pytest.mark.one_backend
def test_which_activations_have_no_slope_at_0(layer, expected):
    assert dead_at_zero(layer) is expected


BOUNDS = {
    "sigmoid": (L.Dense(2, activation="sigmoid"), (0.0, 1.0)),
    "tanh": (L.Activation("tanh"), (-1.0, 1.0)),
    "simple": (L.SimpleRNN(2), (-1.0, 1.0)),
    "gated": (L.LSTM(2), None),
    "both ways": (L.Bidirectional(L.GRU(2)), None),
    "softmax": (L.Softmax(), None),
}


@pytest.mark.parametrize("layer, expected", BOUNDS.values(), ids=BOUNDS)
@pytest.mark.one_backend
def test_which_activations_have_bounds(layer, expected):
    assert bounds(layer) == expected


@pytest.mark.one_backend
def test_where_units_lie():
    first = L.Conv2D(2, 1, data_format="channels_first")
    assert (unit_axis(first), unit_axis(L.Dense(2))) == (1, -1)
