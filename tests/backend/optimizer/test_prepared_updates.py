"""What is prepared for all variables comes once, before each one's update."""

import keras
import numpy as np

from keras_trainkit.backend.optimizer.prepared_updates import PreparedOptimizer
from tests.helpers.arrays import to_numpy


class Recording(PreparedOptimizer):
    """Subtracts the sum of all gradients, and notes what was called."""

    def __init__(self, **options):
        super().__init__(learning_rate=1.0, **options)
        self.calls = []

    def prepare_updates(self, gradients, variables):
        places = [self._get_variable_index(one) for one in variables]
        self.calls.append(("prepare", places))
        self.total = sum(keras.ops.sum(one) for one in gradients)

    def update_step(self, gradient, variable, learning_rate):
        self.calls.append(("update", self._get_variable_index(variable)))
        self.assign_sub(variable, self.total + 0 * gradient)


def applied(optimizer, gradients):
    variables = [keras.Variable(np.zeros(2, "float32")) for _ in gradients]
    tensors = [keras.ops.convert_to_tensor(g, "float32") for g in gradients]
    optimizer.apply(tensors, variables)
    return [to_numpy(variable) for variable in variables]


def test_all_gradients_are_at_hand_before_the_first_update():
    optimizer = Recording()
    moved = applied(optimizer, [[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(moved, [[-10, -10], [-10, -10]])
    assert list(map(tuple, optimizer.calls[1:])) == [
        ("update", 0),
        ("update", 1),
    ]
    assert list(optimizer.calls[0][1]) == [0, 1]
    assert len(optimizer.calls) == 3


def test_they_are_clipped():
    moved = applied(Recording(clipvalue=0.5), [[1.0, 2.0], [3.0, -4.0]])
    np.testing.assert_array_equal(moved, [[-1, -1], [-1, -1]])
