import keras
import pytest

from keras_trainkit.diagnostics.facts import chains
from keras_trainkit.diagnostics.facts.network import Network

L = keras.layers


def sequential(*layers, inputs=(8,)):
    return keras.Sequential([keras.Input(inputs), *layers])


def residual():
    x = inputs = keras.Input((8,))
    x = L.Dense(8, "relu", name="a")(x)
    y = L.Dense(8, "relu", name="b")(x)
    y = L.Dense(8, name="c")(y)
    x = keras.ops.relu(x + y)
    return keras.Model(inputs, L.Dense(1, name="d")(x))


def links(model):
    return [
        [(one.path, one.activation, one.is_output) for one in chain]
        for chain in Network(model).chains
    ]


CHAINS = {
    "dropout, pooling and reshaping are passed": (
        lambda: sequential(
            L.Conv2D(2, 3, name="a"),
            L.ReLU(),
            L.MaxPooling2D(2),
            L.Dropout(0.1),
            L.Flatten(),
            L.Dense(1, name="b"),
            inputs=(8, 8, 1),
        ),
        [[("a", "relu", False), ("b", "linear", True)]],
    ),
    "normalisation ends a chain": (
        lambda: sequential(
            L.Dense(4, name="a"),
            L.LayerNormalization(),
            L.Dense(1, name="b"),
        ),
        [[("a", "linear", False)], [("b", "linear", True)]],
    ),
    "a sum ends a chain, and so does a fork": (
        residual,
        [
            [("b", "relu", False), ("c", "linear", False)],
            [("a", "relu", False)],
            [("d", "linear", True)],
        ],
    ),
}


@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_is_of_layers_one_behind_another(name):
    build, expected = CHAINS[name]
    assert links(build()) == expected


def test_the_layer_behind_is_found_through_what_hands_on():
    model = sequential(
        L.Dense(4), L.BatchNormalization(), L.ReLU(), L.Dense(1, name="b")
    )
    network = Network(model)
    following, between = chains.next_layer(network.nodes[0])
    assert following.path == "b"
    assert between == ["normalization", "activation"]


def test_behind_a_fork_there_is_no_next_layer():
    network = Network(residual())
    assert chains.next_layer(network.nodes[0])[0] is None


def test_activations_up_to_the_output_come_in_order():
    model = sequential(L.Dense(3, "relu"), L.Dropout(0.1), L.Softmax())
    network = Network(model)
    final = network.final(network.outputs[0])
    names = chains.activations_to(final.weighted, network.outputs[0])
    assert names == ["relu", "softmax"]
    assert chains.makes_output(network, final.weighted)


def test_the_place_of_an_activation_is_that_of_the_layer_that_has_it():
    model = sequential(
        L.Dense(3, name="a"), L.Dropout(0.1), L.ReLU(name="b"), L.Dense(1)
    )
    first = Network(model).nodes[0]
    assert chains.place_of("relu", first) == "b"
    assert chains.place_of("linear", first) == "a"
    assert chains.place_of("tanh", first) == "a"
