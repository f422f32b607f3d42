"""Trunk and head are the model in two parts, over its own layers."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.backend.optimizer.decay_exclusion import decays
from tests.helpers.arrays import to_numpy
from tests.helpers.frozen_backbone import X
from tests.helpers.frozen_backbone import Y
from tests.helpers.frozen_backbone import reused
from tests.helpers.traces import QUICK

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


def layerwise():
    """A model whose optimizer is set up for single variables."""
    model = keras.Sequential(
        [
            keras.Input((4,)),
            L.Dense(5, name="stem"),
            L.Dense(5, name="mid"),
            L.Dense(1, name="head"),
        ]
    )
    inner = keras.optimizers.AdamW(0.1, weight_decay=0.5)
    mid = model.get_layer("mid")
    inner.exclude_from_weight_decay(var_list=[mid.bias])
    optimizer = ktk.optimizers.LayerwiseLearningRate(
        inner, {"*stem*": 0.5, "*mid*": 0.0, "*mid*bias": 0.25}
    )
    scaled = keras.optimizers.LossScaleOptimizer(optimizer, 64.0)
    ktk.transfer.freeze(model, "stem")
    model.compile(scaled, "mse", **QUICK)
    return model


def test_the_optimizer_of_the_head_is_set_up_for_the_same_variables():
    model = layerwise()
    trunk, head = ktk.transfer.split(model)
    mid = model.get_layer("mid")
    optimizer = head.optimizer
    assert type(optimizer).__name__ == "LossScaleOptimizer"
    assert optimizer.initial_scale == 64
    rates = optimizer.inner_optimizer
    assert rates.multiplier_of(mid.kernel) == 0
    assert rates.multiplier_of(mid.bias) == 0.25
    assert rates.multiplier_of(model.get_layer("stem").bias) == 0.5
    assert not decays(rates.inner_optimizer, mid.bias)
    assert decays(rates.inner_optimizer, mid.kernel)
    before = mid.get_weights()
    head.fit(trunk.predict(X[:, :4], verbose=0), Y, verbose=0)
    after = mid.get_weights()
    assert np.array_equal(before[0], after[0])
    assert not np.array_equal(before[1], after[1])


def nested_outputs():
    inputs = keras.Input((4,))
    one = L.Dense(3, name="one")(inputs)
    inner = keras.Sequential(
        [keras.Input((3,)), L.Dense(2, name="a"), L.Dense(1, name="b")],
        name="nested",
    )
    return keras.Model(inputs, [inner(one), one])


def test_the_outputs_of_the_head_have_the_names_of_the_models():
    model = nested_outputs()
    model.compile("sgd", {"nested": "mse", "one": "mae"}, run_eagerly=True)
    x, y = X[:, :4], {"nested": Y, "one": X[:, :3]}
    trunk, head = ktk.transfer.split(model, "nested/b")
    assert list(head.output_names) == list(model.output_names)
    kept = keras.Model.from_config(head.get_config())
    assert list(kept.output_names) == list(model.output_names)
    expected = model.evaluate(x, y, verbose=0)
    features = trunk.predict(x, verbose=0)
    found = head.evaluate(features, y, verbose=0)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_outputs_are_not_rounded_by_a_global_policy():
    model = nested_outputs()
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        _, head = ktk.transfer.split(model, "nested/b")
    finally:
        keras.config.set_dtype_policy(before)
    assert {one.dtype for one in head.outputs} == {"float32"}


class Threshold(keras.metrics.MeanSquaredError):
    def __init__(self, threshold):
        super().__init__(name="threshold")


def test_a_metric_that_cannot_be_made_anew_is_named():
    model = reused()
    model.compile("sgd", "mse", metrics=[Threshold(0.5)])
    with pytest.raises(ValueError, match="makes them anew"):
        ktk.transfer.split(model)
    # Features need no compiled head.
    assert ktk.transfer.features(model, X[:4]).shape == (4, 5)
