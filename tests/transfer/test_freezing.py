"""Freezing by hand between two fits acts, and says what it cannot do."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.models import layer_tree
from keras_trainkit.models.flags import read_flags
from keras_trainkit.models.layer_tree import LayerTree
from tests.helpers import replay
from tests.helpers.models import regression_data
from tests.helpers.tanh_net import NAMES
from tests.helpers.tanh_net import TanhReplay
from tests.helpers.tanh_net import tanh_net
from tests.models import zoo

X, Y = regression_data(32)
RATE = 0.05


def fit(model):
    model.fit(X, Y, batch_size=16, epochs=1, shuffle=False, verbose=0)


def hand_fit(hand, *names):
    hand.train(*names)
    for x, y in replay.batches(X, Y, 16):
        hand.step(x, y, learning_rate=RATE, momentum=0.9)


def compiled(optimizer=None):
    model = tanh_net()
    model.compile(optimizer or keras.optimizers.Adam(RATE), "mse")
    return model


def check(model, hand):
    for ours, theirs in zip(
        model.get_weights(), hand.weights.values(), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=2e-5)


def paths(model):
    return [weight.path for weight in model.trainable_weights]


@pytest.mark.parametrize(
    "make, rule",
    [
        (lambda: keras.optimizers.SGD(RATE, momentum=0.9), replay.sgd),
        (lambda: keras.optimizers.Adam(RATE), replay.adam),
    ],
    ids=["sgd", "adam"],
)
def test_between_two_fits_it_acts_without_a_compile(make, rule):
    model = compiled(make())
    hand = TanhReplay(model.get_weights(), rule)
    fit(model)
    hand_fit(hand, *NAMES)
    ktk.transfer.freeze(model, ["low", "high"])
    fit(model)
    hand_fit(hand, "head")
    ktk.transfer.unfreeze(model, 2)
    fit(model)
    hand_fit(hand, "high", "head")
    check(model, hand)


def test_before_the_first_fit_too():
    model = compiled()
    hand = TanhReplay(model.get_weights(), replay.adam)
    ktk.transfer.freeze(model, "low")
    assert not model.optimizer.built
    fit(model)
    hand_fit(hand, "high", "head")
    check(model, hand)


def test_equal_shapes_that_change_places():
    """On JAX a step is traced for shapes; two equal layers may be confused."""
    inputs = keras.Input((8,))
    x = keras.layers.Dense(8, activation="tanh", name="one")(inputs)
    x = keras.layers.Dense(8, activation="tanh", name="two")(x)
    model = keras.Model(inputs, keras.layers.Dense(1, name="head")(x))
    model.compile(keras.optimizers.SGD(RATE), "mse")
    ktk.transfer.freeze(model, "one")
    model.evaluate(X, Y, verbose=0)
    fit(model)
    ktk.transfer.unfreeze(model, "one")
    ktk.transfer.freeze(model, "two")
    fit(model)
    w = [a.astype("float64") for a in model.get_weights()]
    hidden = np.tanh(np.tanh(X @ w[0] + w[1]) @ w[2] + w[3])
    outputs = hidden @ w[4] + w[5]
    loss = np.mean((outputs - Y) ** 2)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(loss, rel=1e-5)
    np.testing.assert_allclose(model.predict(X, verbose=0), outputs, atol=1e-5)


def test_a_part_of_a_composite():
    model = zoo.block()
    before = paths(model)
    assert zoo.names(ktk.transfer.freeze(model, "block/first")) == ["first"]
    frozen = ["block/first/kernel", "block/first/bias"]
    assert paths(model) == [path for path in before if path not in frozen]
    ktk.transfer.unfreeze(model, "block/first")
    assert paths(model) == before


def test_a_norm_frozen_by_hand_stays_frozen():
    model = zoo.block()
    norm = model.get_layer("block").norm
    ktk.transfer.freeze(model, ["block/norm", "stem"])
    ktk.transfer.unfreeze(model, "stem")
    assert not norm.trainable
    assert "stem/kernel" in paths(model)


def test_a_model_with_weights_of_its_own():
    model = zoo.subclassed()
    assert model.trainable_weights[0] is model.scale
    ktk.transfer.freeze(model, lambda layer: layer is model)
    assert not model.scale.trainable
    assert len(model.trainable_weights) == len(model.weights) - 2
    ktk.transfer.unfreeze(model, "all")
    assert model.scale.trainable
    assert not model.step.trainable


@pytest.mark.parametrize("kind", zoo.ZOO)
def test_all_there_and_back(kind):
    model = zoo.ZOO[kind]()
    ktk.transfer.unfreeze(model, "all")
    everything = paths(model)
    ktk.transfer.freeze(model, "all")
    assert paths(model) == []
    ktk.transfer.unfreeze(model, "all")
    assert paths(model) == everything != []


def test_what_was_frozen_is_returned():
    model = tanh_net()
    assert zoo.names(ktk.transfer.freeze(model, "[lh]*")) == list(NAMES)
    assert zoo.names(ktk.transfer.unfreeze(model, 2)) == ["high", "head"]


def test_set_trainable_between_two_fits():
    """Alone, flags left "Unknown variable" behind."""
    model = compiled(keras.optimizers.SGD(RATE, momentum=0.9))
    hand = TanhReplay(model.get_weights(), replay.sgd)
    ktk.transfer.set_trainable(model, "head")
    fit(model)
    hand_fit(hand, "head")
    ktk.transfer.set_trainable(model, 2)
    fit(model)
    hand_fit(hand, "high", "head")
    check(model, hand)
    assert zoo.names(ktk.models.trainable_layers(model)) == ["high", "head"]


def test_a_model_is_read_once(monkeypatch):
    """However many questions one change asks of it."""
    read, traced = [], []
    order = layer_tree.call_order
    monkeypatch.setattr(
        layer_tree, "call_order", lambda model: traced.append(1) or order(model)
    )
    init = layer_tree.LayerTree.__init__
    monkeypatch.setattr(
        layer_tree.LayerTree,
        "__init__",
        lambda self, model: read.append(1) or init(self, model),
    )
    model = zoo.subclassed()
    ktk.transfer.unfreeze(model, 2)
    assert (len(read), len(traced)) == (1, 1)


class DictSlots(keras.optimizers.SGD):
    def build(self, variables):
        super().build(variables)
        self.extra = {v.path: self.add_variable(v.shape) for v in variables}


@pytest.mark.parametrize("verb", ["freeze", "unfreeze"])
def test_an_optimizer_that_cannot_be_re_formed(verb):
    model = compiled(DictSlots(RATE))
    model.get_layer("low").trainable = False
    model.optimizer.build(model.trainable_variables)
    before = read_flags(LayerTree(model))
    change = getattr(ktk.transfer, verb)
    with pytest.raises(ValueError, match="before `compile` instead"):
        change(model, {"freeze": "high", "unfreeze": "low"}[verb])
    assert read_flags(LayerTree(model)) == before


@pytest.mark.parametrize(
    "verb, selection, error, message",
    [
        ("freeze", 1, TypeError, "`unfreeze` takes it"),
        ("freeze", "lo", ValueError, "There is: low, high, head"),
        ("freeze", None, TypeError, "`selection` must be"),
        ("unfreeze", 4, ValueError, "at most 3"),
        ("unfreeze", ["low", "no"], ValueError, "'no'"),
        ("unfreeze", 1.0, TypeError, "`selection` must be"),
    ],
)
def test_selections_that_are_refused(verb, selection, error, message):
    model = compiled()
    before = read_flags(LayerTree(model))
    with pytest.raises(error, match=message):
        getattr(ktk.transfer, verb)(model, selection)
    assert read_flags(LayerTree(model)) == before
