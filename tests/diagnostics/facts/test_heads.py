import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.facts.heads import heads
from keras_trainkit.diagnostics.facts.subject import Subject
from keras_trainkit.layers import SquaredReLU

pytestmark = pytest.mark.one_backend
LAYERS = keras.layers
X = np.random.default_rng(0).normal(size=(30, 4))
Y = np.arange(30) % 2


def head(*layers, loss="mse", x=X, y=None, metrics=None):
    model = keras.Sequential([keras.Input(x.shape[1:]), *layers])
    model.compile("adam", loss, metrics=metrics)
    return heads(Subject(model, x, y))[0]


@pytest.mark.parametrize(
    "activation, layers",
    [
        ("linear", [LAYERS.Dense(1)]),
        ("sigmoid", [LAYERS.Dense(1, activation="sigmoid")]),
        ("softmax", [LAYERS.Dense(3), LAYERS.Softmax()]),
        ("relu", [LAYERS.Dense(3), LAYERS.ReLU(), LAYERS.Dropout(0.1)]),
        ("sigmoid", [LAYERS.Dense(3), LAYERS.Activation("sigmoid")]),
        ("squared_relu", [LAYERS.Dense(3), SquaredReLU()]),
        ("tanh", [LAYERS.Reshape((2, 2)), LAYERS.LSTM(3)]),
        (None, [LAYERS.Dense(3), LAYERS.Lambda(lambda v: v)]),
        (None, [LAYERS.Dense(3), LAYERS.Rescaling(255.0)]),
        ("linear", [LAYERS.Dense(4), LAYERS.Reshape((2, 2))]),
    ],
)
def test_the_activation_of_an_output(activation, layers):
    assert head(*layers).activation == activation


def test_the_units_are_those_of_the_activation():
    found = head(LAYERS.Dense(4, activation="softmax"), LAYERS.Reshape((2, 2)))
    assert (found.units, found.shape) == (4, (None, 2, 2))


def test_targets_that_are_the_inputs():
    dense = LAYERS.Dense(4)
    assert head(dense, y=X + 0.1).reproduces
    assert not head(LAYERS.Dense(4), y=X[::-1]).reproduces


def test_several_outputs():
    given = keras.Input((4,))
    one = LAYERS.Dense(1, activation="sigmoid", name="one")(given)
    two = LAYERS.Dense(3, name="two")(given)
    model = keras.Model(given, {"one": one, "two": two})
    model.compile("adam", {"two": "mse", "one": "binary_crossentropy"})
    y = {"two": X[:, :3], "one": Y}
    found = {one.where: one for one in heads(Subject(model, X, y))}
    assert found["one"].loss_name == "binary_crossentropy"
    assert found["one"].targets.kind == "binary"
    assert found["two"].targets.kind == "real"


def test_a_loss_of_ones_own_has_no_name():
    def own(y_true, y_pred):
        return keras.ops.mean((y_true - y_pred) ** 2)

    found = head(LAYERS.Dense(1), loss=own)
    assert found.loss is not None
    assert found.loss_name is None


def test_without_a_loss_or_a_graph():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = LAYERS.Dense(1)

        def call(self, x):
            return self.dense(keras.ops.convert_to_tensor(x)) * float(1)

    model = Own()
    model(X)
    found = heads(Subject(model, X, Y))
    assert [one.loss for one in found] == [None]
    assert found[0].targets.kind == "binary"
