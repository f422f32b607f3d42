"""Pruning after training: exactly so many zeros, the smallest, at once."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.models import mlp


def zeros(model):
    return [weight == 0 for weight in model.get_weights()[::2]]


@pytest.mark.parametrize("structure", [None, "global"])
def test_the_smallest_go(structure):
    model = mlp(units=8)
    before = [np.abs(weight) for weight in model.get_weights()[::2]]
    shares = ktk.compression.prune(model, 0.75, structure)
    found = zeros(model)
    groups = [(before[0], found[0]), (before[1], found[1])]
    if structure == "global":
        joined = [np.concatenate([w.ravel() for w in one]) for one in
                  zip(*groups, strict=True)]  # fmt: skip
        groups = [tuple(joined)]
    for magnitudes, zero in groups:
        assert zero.sum() == 0.75 * zero.size
        assert magnitudes[zero].max() <= magnitudes[~zero].min()
    assert shares == {
        "hidden/kernel": found[0].mean(),
        "head/kernel": found[1].mean(),
    }


def test_pruning_more_keeps_what_is_pruned():
    model = mlp(units=8)
    ktk.compression.prune(model, 0.5, "2:4")
    before = zeros(model)
    ktk.compression.prune(model, 0.75)
    for one, other in zip(before, zeros(model), strict=True):
        assert other[one].all() and other.mean() == 0.75


def test_a_kernel_of_zeros_is_pruned_like_any_other():
    model = mlp()
    model.get_layer("hidden").kernel.assign(np.zeros((8, 4)))
    shares = ktk.compression.prune(model, 0.5)
    assert shares["hidden/kernel"] == 0.5


def test_whole_units_go_with_their_biases():
    model = mlp(units=8)
    hidden = model.get_layer("hidden")
    hidden.bias.assign(np.ones(8))
    shares = ktk.compression.prune(model, 0.5, "filters")
    dead = zeros(model)[0].all(axis=0)
    bias = keras.ops.convert_to_numpy(hidden.bias)
    assert dead.sum() == 4 and shares == {"hidden/kernel": 0.5}
    np.testing.assert_array_equal(bias == 0, dead)


@pytest.mark.one_backend
def test_a_refused_model_is_as_it_was():
    model = mlp(units=6)
    before = model.get_weights()
    with pytest.raises(ValueError, match="head"):
        ktk.compression.prune(model, 0.5, "2:4")
    with pytest.raises(ValueError, match="sparsity"):
        ktk.compression.prune(model, 1.0)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
