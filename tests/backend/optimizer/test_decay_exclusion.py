import keras
import numpy as np

from keras_trainkit.backend.optimizer.decay_exclusion import exclude_too
from tests.helpers.arrays import to_numpy


def test_it_adds_to_what_names_and_variables_excluded_before():
    names = ("first", "second", "third", "fourth")
    variables = [keras.Variable(np.ones(2), name=name) for name in names]
    optimizer = keras.optimizers.SGD(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay([variables[0]], ["sec"])
    exclude_too(optimizer, [variables[2]])
    zeros = [keras.ops.zeros((2,))] * 4
    optimizer.apply(zeros, variables)
    moved = [float(to_numpy(variable)[0]) for variable in variables]
    np.testing.assert_allclose(moved, [1, 1, 1, 0.95], rtol=1e-6)
