"""Trunk and head are the model in two parts, over its own layers."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.arrays import to_numpy
from tests.helpers.frozen_backbone import X
from tests.helpers.frozen_backbone import Y
from tests.helpers.frozen_backbone import reused

L = keras.layers


def branching():
    inputs = {name: keras.Input((4,), name=name) for name in "ab"}
    one = L.Dense(3, name="one")(inputs["a"])
    two = L.Dense(3, name="two")(inputs["b"])
    both = L.Add(name="both")([one, two])
    head = L.Dense(1, name="head")(both * one)
    return keras.Model(inputs, {"out": head, "features": both})


BRANCHES = {"a": X[:, :4], "b": X[:, 4:]}
CUTS = {
    "the border of what is frozen": (reused, None, X, 1),
    "inside a nested model": (reused, "backbone/second", X, 1),
    "a layer without weights": (reused, "backbone/last", X, 1),
    "an int": (reused, 2, X, 1),
    "a callable": (reused, lambda one: one.name == "head", X, 1),
    "several tensors": (branching, "head", BRANCHES, 2),
    "one branch": (branching, "two", BRANCHES, 2),
}


@pytest.mark.parametrize("case", CUTS)
def test_the_head_of_the_trunk_is_the_model(case):
    make, at, x, crossing = CUTS[case]
    model = make()
    trunk, head = ktk.transfer.split(model, at)
    assert len(trunk.outputs) == len(head.inputs) == crossing
    ours, theirs = head(trunk(x)), model(x)
    keras.tree.assert_same_structure(ours, theirs)
    for one, two in zip(
        keras.tree.flatten(ours), keras.tree.flatten(theirs), strict=True
    ):
        np.testing.assert_allclose(to_numpy(one), to_numpy(two), atol=1e-6)


def test_the_head_trains_the_models_own_head():
    rate = keras.optimizers.SGD(0.1)
    model = reused(dropout=0.0, optimizer=rate)
    other = reused(dropout=0.0, optimizer=keras.optimizers.SGD(0.1))
    trunk, head = ktk.transfer.split(model)
    head.fit(trunk.predict(X, verbose=0), Y, shuffle=False, verbose=0)
    other.fit(X, Y, shuffle=False, verbose=0)
    pairs = zip(model.get_weights(), other.get_weights(), strict=True)
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert head.layers[-1] is model.get_layer("head")


def test_the_head_is_compiled_as_the_model_with_an_optimizer_of_its_own():
    model = reused()
    _, head = ktk.transfer.split(model)
    assert head.loss == "mse" and head.optimizer is not model.optimizer
    assert float(head.optimizer.learning_rate) == pytest.approx(1e-2)
    assert not model.optimizer.built
    bare = keras.Model(model.inputs, model.outputs)
    _, of_bare = ktk.transfer.split(bare)
    assert not of_bare.compiled


def test_a_mask_that_would_cross_is_refused():
    model = keras.Sequential(
        [
            keras.Input((3,)),
            L.Embedding(5, 2, mask_zero=True, name="words"),
            L.LSTM(2, name="read"),
        ]
    )
    with pytest.raises(ValueError, match="carries a mask"):
        ktk.transfer.split(model, "read")
