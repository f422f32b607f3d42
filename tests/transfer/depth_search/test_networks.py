"""Each network reuses, draws anew, freezes and drops what it should."""

import keras
import numpy as np
import pytest

from keras_trainkit.transfer.depth_search.networks import Networks
from keras_trainkit.transfer.depth_search.space import SCRATCH
from keras_trainkit.transfer.depth_search.space import Configuration
from tests.helpers import reuse_models as zoo
from tests.helpers.arrays import to_numpy

NAMES = ["stem", "middle", "norm", "top", "head"]


def with_weights():
    """A chain whose norm has statistics and scales of its own."""
    model = zoo.chain()
    rng = np.random.default_rng(1)
    for one in model.get_layer("norm").weights:
        one.assign(rng.uniform(0.5, 2.0, one.shape))
    return model


CASES = {
    "scratch": (SCRATCH, [], NAMES),
    "all frozen": (
        Configuration(3, 3, None, None),
        ["stem", "middle", "norm", "top"],
        ["head"],
    ),
    "all trained, the norm held": (
        Configuration(3, 0, None, 1.0),
        ["stem", "middle", "norm", "top"],
        ["stem", "middle", "top", "head"],
    ),
    "one frozen, one trained": (
        Configuration(2, 1, "replace", 0.1),
        ["stem", "middle", "norm"],
        ["middle", "top", "head"],
    ),
    "one reused, a new norm trains": (
        Configuration(1, 1, "replace", None),
        ["stem"],
        ["middle", "norm", "top", "head"],
    ),
}


@pytest.mark.parametrize("choice, reused, trains", CASES.values(), ids=CASES)
def test_weights_and_flags_are_those_of_the_choice(choice, reused, trains):
    model = with_weights()
    keras.utils.set_random_seed(7)
    network, trained, _ = Networks(model, None, 1).make(choice)
    same = [name for name in NAMES if equal(model, network, name)]
    assert same == reused
    flagged = [n for n in NAMES if network.get_layer(n).trainable_weights]
    assert flagged == trains
    expected = [
        weight
        for name in NAMES
        if name in reused and name in trains
        for weight in network.get_layer(name).trainable_weights
    ]
    assert list(map(id, trained)) == list(map(id, expected))


def equal(model, network, name):
    pairs = zip(
        model.get_layer(name).get_weights(),
        network.get_layer(name).get_weights(),
        strict=True,
    )
    return all(np.array_equal(a, b) for a, b in pairs)


def test_what_is_new_follows_from_the_seed():
    model = zoo.chain()
    networks = Networks(model, None, 1)

    def drawn(seed):
        keras.utils.set_random_seed(seed)
        network, *_ = networks.make(SCRATCH)
        return [to_numpy(one) for one in network.variables]

    first, again, other = drawn(1), drawn(1), drawn(2)
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    # Kernels and the seed of the dropout; biases and statistics start alike.
    differ = [
        not np.array_equal(a, b) for a, b in zip(first, other, strict=True)
    ]
    assert sum(differ) == 5


def test_dropped_groups_are_gone_and_the_rest_is_as_said():
    model = zoo.chain()
    networks = Networks(model, None, 1)
    assert (networks.count, networks.droppable()) == (3, {1, 2})
    choice = Configuration(1, 1, "drop", None)
    network, trained, _ = networks.make(choice)
    weighted = [one.name for one in network.layers if one.weights]
    assert (weighted, trained) == (["stem", "head"], [])
    assert equal(model, network, "stem")
    assert not network.get_layer("stem").trainable
    assert network.get_layer("head").trainable


def test_where_a_layer_wants_another_shape_nothing_can_be_dropped():
    model = zoo.nested()  # `Reshape((5, 1))` does not take six numbers
    layers = [one for one in model.layers if one.weights]
    nodes = [len(one._inbound_nodes) for one in layers]
    assert Networks(model, None, 1).droppable() == set()
    assert [len(one._inbound_nodes) for one in layers] == nodes


def test_what_is_left_of_a_network_has_outputs_of_the_same_shape():
    networks = Networks(zoo.convolutional(), None, 1)
    assert networks.droppable() == {1, 2}
    network, *_ = networks.make(Configuration(1, 0, "drop", 1.0))
    assert network.output_shape == (None, 2)


def test_statistics_of_the_data_are_never_drawn_anew():
    norm = keras.layers.Normalization()
    norm.adapt(np.arange(16.0).reshape(2, 8))
    model = keras.Sequential([keras.Input((8,)), norm])
    model.add(keras.layers.Dense(3))
    model.add(keras.layers.Dense(2))
    network, *_ = Networks(model, None, 1).make(SCRATCH)
    assert equal(model, network, norm.name)


def test_a_head_may_have_several_groups_but_not_all():
    assert Networks(zoo.chain(), None, 2).count == 2
    assert Networks(zoo.chain(), 2, 1).count == 1
    with pytest.raises(ValueError, match="`head` must be less than 4"):
        Networks(zoo.chain(), None, 4)
