"""Counts and masks of each structure, for kernels of a model."""

import numpy as np
import pytest

from keras_trainkit.compression.prunable import prunable_kernels
from keras_trainkit.compression.structured import counts_of
from keras_trainkit.compression.structured import masks_of
from tests.helpers.arrays import to_numpy
from tests.helpers.models import mlp


def kernels_for(structure):
    return prunable_kernels(mlp(units=8), structure, None)


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("structure", "counts"),
    [
        (None, [[0, 0], [16, 2], [32, 4]]),
        ("global", [[0], [18], [36]]),
        ("2:4", [[0, 0], [8, 1], [16, 2]]),
        ("filters", [[0], [2], [4]]),
    ],
)
def test_counts_of_weights_groups_and_units(structure, counts):
    found = counts_of(structure, [0.0, 0.25, 0.5], kernels_for(structure))
    assert found.tolist() == counts


@pytest.mark.parametrize("structure", [None, "global", "2:4", "filters"])
def test_masks_have_the_shapes_of_weights_and_half_are_pruned(structure):
    kernels = kernels_for(structure)
    none = [np.zeros(one.variable.shape, bool) for one in kernels]
    (counts,) = counts_of(structure, [0.5], kernels)
    masks, of_biases = masks_of(structure, kernels, none, counts)
    assert [one.shape for one in map(to_numpy, masks)] == [
        one.shape for one in none
    ]
    pruned = sum(to_numpy(one).sum() for one in masks)
    assert pruned == sum(one.size for one in none) / 2
    dead = [to_numpy(one).sum() for some in of_biases for one in some]
    assert dead == ([4] if structure == "filters" else [])
