import numpy as np
import pytest

from keras_trainkit.kernels.held_out.labels import class_places
from keras_trainkit.kernels.held_out.labels import predicted_places

TARGETS = {
    "numbers": ([0, 2, 1], (0, 1, 2), [0, 2, 1]),
    "a column": ([[0], [2], [1]], (0, 1, 2), [0, 2, 1]),
    "one-hot": ([[1, 0, 0], [0, 0, 1], [0, 1, 0]], (0, 1, 2), [0, 2, 1]),
    "from one": ([1, 3, 2], (1, 2, 3), [0, 2, 1]),
    "floats": ([-1.0, 1.0], (-1, 1), [0, 1]),
    "text": (["b", "a"], ("a", "b"), [1, 0]),
    "a stranger": ([0, 7], (0, 1), [0, -1]),
}


@pytest.mark.parametrize(
    ("y", "labels", "places"), TARGETS.values(), ids=TARGETS
)
def test_targets_as_places(y, labels, places):
    assert class_places(np.array(y), labels).tolist() == places


OUTPUTS = {
    "the largest": ([[0.1, 0.9], [0.6, 0.4]], (0, 1), None, [1, 0]),
    "labels from one": ([[0, 1, 9], [0, 9, 1]], (1, 2), None, [1, 0]),
    "a place without label": ([[9, 0, 0]], (1, 2), None, [-1]),
    "the nearest": ([[0.4], [0.6], [7.0]], (0, 1), None, [0, 1, 1]),
    "of signed labels": ([[-0.1], [0.1]], (-1, 1), None, [0, 1]),
    "logits": ([[-0.1], [0.1]], (0, 1), 0.0, [0, 1]),
    "numbers of many": ([[1.8], [0.2]], (0, 1, 2), None, [2, 0]),
    "not finite": ([[np.nan], [1.0]], (0, 1), None, [-1, 1]),
    "not finite beside others": ([[np.nan, 1.0]], (0, 1), None, [-1]),
}


@pytest.mark.parametrize(
    ("outputs", "labels", "bound", "places"), OUTPUTS.values(), ids=OUTPUTS
)
def test_outputs_as_places(outputs, labels, bound, places):
    found = predicted_places(np.array(outputs), labels, bound)
    assert found.tolist() == places
