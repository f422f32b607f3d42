import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.facts.network import Network

L = keras.layers


def sequential(*layers):
    return keras.Sequential([keras.Input((4,)), *layers])


def residual():
    inputs = keras.Input((8, 8, 3))
    x = L.Conv2D(4, 3, padding="same", name="stem")(inputs)
    x = L.ReLU()(L.BatchNormalization()(x))
    y = L.Conv2D(4, 3, padding="same", name="inside")(x)
    x = keras.ops.relu(L.Add()([x, y]))
    x = L.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, L.Dense(3, name="head")(x))


class Subclassed(keras.Model):
    """Listed in another order than called, with operations between."""

    def __init__(self):
        super().__init__()
        self.head = L.Dense(3, name="head")
        self.hidden = L.Dense(4, name="hidden")

    def call(self, x, training=False):
        return keras.ops.softmax(self.head(keras.ops.relu(self.hidden(x))))


class NeedsNumbers(Subclassed):
    """Its forward pass reads its input's numbers."""

    def call(self, x, training=False):
        if float(keras.ops.convert_to_numpy(x).max()) > 0:
            return super().call(x)
        return self.head(self.hidden(x))


def built(model):
    model(np.ones((2, 4), "float32"))
    return model


def nested():
    trunk = sequential(L.Dense(4, name="low"), L.Dropout(0.1, name="drop"))
    trunk.name = "trunk"
    inputs = keras.Input((4,))
    return keras.Model(inputs, L.Dense(1, name="top")(trunk(inputs)))


ACTIVATIONS = {
    "own": (sequential(L.Dense(2, activation="elu"), L.Dense(1)), 0, "elu"),
    "behind dropout": (
        sequential(L.Dense(2), L.Dropout(0.1), L.ReLU(), L.Dense(1)),
        0,
        "relu",
    ),
    "none": (sequential(L.Dense(2), L.Dropout(0.1), L.Dense(1)), 0, "linear"),
    "none at the end": (sequential(L.Dense(2)), 0, "linear"),
    "behind a norm": (residual(), 0, "relu"),
    "behind a sum": (residual(), 1, "relu"),
    "an operation": (built(Subclassed()), 0, "relu"),
}


@pytest.mark.parametrize("case", ACTIVATIONS)
def test_the_activation_that_values_go_through(case):
    model, place, activation = ACTIVATIONS[case]
    network = Network(model)
    node = network.weighted[place]
    assert network.effective_activation(node) == activation


def test_nested_and_subclassed_models_are_opened():
    opened = [(one.path, one.kind) for one in Network(nested()).nodes]
    assert opened == [
        ("trunk/low", "dense"),
        ("trunk/drop", "dropout"),
        ("top", "dense"),
    ]
    network = Network(built(Subclassed()))
    kinds = [one.kind for one in network.nodes]
    assert kinds == ["dense", "activation", "dense", "activation"]
    assert [one.path for one in network.weighted] == ["hidden", "head"]


def test_the_ends_of_a_network():
    network = Network(built(Subclassed()))
    (output,) = network.outputs
    final = network.final(output)
    assert (final.weighted.path, final.activation) == ("head", "softmax")
    assert (final.units, final.shape) == (3, (None, 3))
    assert [one.path for one in network.hidden] == ["hidden"]


def test_depth_counts_the_longest_way():
    assert Network(residual()).depth == 3
    assert Network(nested()).depth == 2


def test_several_outputs_come_in_their_order():
    inputs = keras.Input((4,))
    one, two = L.Dense(1, name="one")(inputs), L.Dense(2, name="two")(inputs)
    network = Network(keras.Model({"i": inputs}, [two, one]))
    assert [one.path for one in network.outputs] == ["two", "one"]


def test_without_a_graph_the_layers_are_listed():
    network = Network(built(NeedsNumbers()))
    assert not network.has_graph
    assert {one.path for one in network.nodes} == {"hidden", "head"}
    assert network.effective_activation(network.nodes[0]) is None
    assert network.outputs == []


def test_the_kernel_is_that_of_the_core():
    model = keras.Sequential(
        [
            keras.Input((3, 4)),
            L.Bidirectional(L.GRU(2, return_sequences=True)),
            L.TimeDistributed(L.Dense(5)),
        ]
    )
    first, second = Network(model).weighted
    assert tuple(first.kernel.shape) == (4, 6)
    assert tuple(second.kernel.shape) == (4, 5)
    assert second.units == 5


def test_what_is_called_with_training_false_is_noted():
    inputs = keras.Input((4,))
    layer = L.BatchNormalization(name="norm")

    class Frozen(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.norm = layer

        def build(self, shape):
            self.norm.build(shape)

        def call(self, x):
            return self.norm(x, training=False)

    network = Network(keras.Model(inputs, Frozen()(inputs)))
    assert [one.training for one in network.nodes] == [False]
