import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics import Repair
from keras_trainkit.diagnostics import apply_repairs

pytestmark = pytest.mark.one_backend

L = keras.layers
X = np.random.default_rng(0).normal(size=(12, 6, 3)).astype("float32")
Y = np.arange(12) % 2


@pytest.fixture(scope="module")
def model():
    inputs = keras.Input((6, 3))
    x = L.Conv1D(4, 3, activation="tanh", name="conv")(inputs)
    x = L.Bidirectional(L.LSTM(2, return_sequences=True), name="both")(x)
    x = L.TimeDistributed(L.Dense(5, "tanh"), name="each")(x)
    x = L.Flatten()(x)
    x = L.Dense(
        8, kernel_regularizer="l2", kernel_constraint="max_norm", name="dense"
    )(x)
    x = keras.ops.tanh(x)
    x = L.Dropout(0.9, name="drop")(x)
    x = L.Dense(7, name="inner")(x)
    x = L.ReLU(name="rectify")(x)
    outputs = L.Dense(2, activation="softmax", name="head")(x)
    model = keras.Model(inputs, outputs)
    model.get_layer("drop").trainable = False
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def made(model, *repairs):
    repaired = apply_repairs(model, list(repairs), X, Y).model
    assert np.shape(repaired.predict(X, verbose=0)) == (12, 2)
    return repaired


def config(model, name):
    return model.get_layer(name).get_config()


ARGUMENTS = {
    "activation": (("activation", "relu", "conv"), "activation", "relu"),
    "units": (("units", 11, "dense"), "units", 11),
    "filters": (("units", 11, "conv"), "filters", 11),
    "units before an activation": (("units", 3, "rectify"), "units", 3),
    "bias": (("use_bias", False, "dense"), "use_bias", False),
    "rate": (("dropout_rate", 0.5, "drop"), "rate", 0.5),
    "regularizer": (("regularizer", None, "dense"), "kernel_regularizer", None),
    "constraint": (("constraint", None, "dense"), "kernel_constraint", None),
    "trainable": (("trainable", False, "inner"), "trainable", False),
}


@pytest.mark.parametrize(
    ("repair", "name", "value"), ARGUMENTS.values(), ids=ARGUMENTS
)
def test_an_argument_is_changed(model, repair, name, value):
    where = "inner" if repair[2] == "rectify" else repair[2]
    assert config(made(model, Repair(*repair)), where)[name] == value


def test_a_wrapped_layer_is_changed_inside(model):
    new = made(
        model,
        Repair("activation", "relu", "each"),
        Repair("units", 3, "both"),
    )
    assert new.get_layer("each").layer.activation is keras.activations.relu
    assert new.get_layer("both").backward_layer.units == 3


def test_activations_that_are_layers_and_operations_are_replaced(model):
    tanh = next(o for o in model.operations if type(o).__name__ == "Tanh").name
    new = made(
        model,
        Repair("activation", "elu", "rectify"),
        Repair("activation", "relu", tanh),
    )
    assert new.get_layer("rectify").activation is keras.activations.elu
    assert new.get_layer(tanh).activation is keras.activations.relu


def test_without_a_path_all_hidden_ones_are_meant(model):
    new = made(model, Repair("initializer", "he_normal"))
    kinds = [
        type(layer.kernel_initializer).__name__
        for layer in new.layers
        if hasattr(layer, "kernel_initializer")
    ]
    assert kinds == ["HeNormal", "HeNormal", "HeNormal", "GlorotUniform"]


def test_a_normalisation_comes_before_the_activation(model):
    new = made(model, Repair("add_normalization", "batch", "conv"))
    names = [layer.name for layer in new.layers]
    place = names.index("conv")
    assert names[place + 1 : place + 3] == [
        "normalization_of_conv",
        "activation_of_conv",
    ]
    assert config(new, "conv")["activation"] == "linear"


def test_small_batches_are_normalised_by_row(model):
    repaired = apply_repairs(
        model, [Repair("add_normalization")], X, Y, {"batch_size": 4}
    )
    kinds = {type(layer) for layer in repaired.model.layers}
    assert L.LayerNormalization in kinds
    assert L.BatchNormalization not in kinds


def test_a_layer_is_left_out(model):
    new = made(model, Repair("remove_layer", None, "drop"))
    assert "drop" not in [layer.name for layer in new.layers]
    assert len(new.layers) == len(model.layers) - 1


def test_a_frozen_layer_keeps_its_weights_and_so_its_inputs():
    model = keras.Sequential(
        [
            keras.Input((6, 3)),
            L.Flatten(),
            L.Dense(4, name="first"),
            L.Dense(3, trainable=False, name="frozen"),
            L.Dense(2, activation="softmax"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    new = made(model, Repair("units", 7, "frozen"))
    assert new.get_layer("frozen").units == 7
    new = made(model, Repair("activation", "relu", "first"))
    np.testing.assert_array_equal(
        new.get_layer("frozen").get_weights()[0],
        model.get_layer("frozen").get_weights()[0],
    )
    with pytest.raises(ValueError, match="keep their inputs"):
        made(model, Repair("units", 7, "first"))


WRONG = {
    "no such layer": Repair("units", 3, "nowhere"),
    "a layer without it": Repair("dropout_rate", 0.1, "flatten_of_none"),
    "no rate": Repair("dropout_rate", 1.0, "drop"),
    "no size": Repair("units", 0, "dense"),
    "no units before": Repair("units", 3, "keras_input"),
    "no normalisation": Repair("add_normalization", "group"),
    "no bias": Repair("use_bias", False, "drop"),
}


@pytest.mark.parametrize("repair", WRONG.values(), ids=WRONG)
def test_what_cannot_be_made_is_refused(model, repair):
    with pytest.raises(ValueError, match="must be"):
        apply_repairs(model, [repair], X, Y)
