import keras
import numpy as np
import pytest

from keras_trainkit.backend.optimizer.decay_exclusion import decayed
from keras_trainkit.backend.optimizer.decay_exclusion import decays
from keras_trainkit.backend.optimizer.decay_exclusion import exclude_likewise
from keras_trainkit.backend.optimizer.decay_exclusion import exclude_too
from keras_trainkit.optimizers import LayerwiseLearningRate
from tests.helpers.arrays import to_numpy

WRAPS = {
    "bare": lambda one: one,
    "scaled": keras.optimizers.LossScaleOptimizer,
    "rates of layers": lambda one: LayerwiseLearningRate(one, lambda _: 1.0),
}


def variables_named(*names):
    return [keras.Variable(np.ones(2), name=name) for name in names]


def after_a_step(optimizer, variables):
    optimizer.apply([keras.ops.zeros((2,))] * len(variables), variables)
    return [float(to_numpy(variable)[0]) for variable in variables]


@pytest.mark.parametrize("built", [False, True], ids=["unbuilt", "built"])
@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_it_adds_to_what_names_and_variables_excluded_before(wrap, built):
    variables = variables_named("first", "second", "third", "fourth")
    optimizer = keras.optimizers.SGD(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay([variables[0]], ["sec"])
    outer = wrap(optimizer)
    if built:
        outer.build(variables)
    exclude_too(outer, [variables[2]])
    assert outer.built == optimizer.built == built
    assert [decays(outer, one) for one in variables] == [False] * 3 + [True]
    moved = after_a_step(optimizer, variables)
    np.testing.assert_allclose(moved, [1, 1, 1, 0.95], rtol=1e-6)


def test_variables_that_a_built_optimizer_does_not_update_can_be_asked_for():
    known, other, excluded = variables_named("known", "other", "excluded")
    optimizer = keras.optimizers.SGD(0.1, weight_decay=0.5)
    optimizer.build([known])
    exclude_too(optimizer, [excluded])
    asked = [known, other, excluded]
    assert [decays(optimizer, one) for one in asked] == [True, True, False]


def test_another_optimizer_excludes_likewise():
    variables = variables_named("first", "second", "third")
    optimizer = keras.optimizers.SGD(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay([variables[0]], ["sec"])
    new = keras.optimizers.SGD(0.1, weight_decay=0.5)
    exclude_likewise(keras.optimizers.LossScaleOptimizer(new), optimizer)
    moved = after_a_step(new, variables)
    np.testing.assert_allclose(moved, [1, 1, 0.95], rtol=1e-6)


def test_asking_what_is_decayed_leaves_the_optimizer_as_it_was():
    variables = variables_named("a", "b")
    optimizer = keras.optimizers.SGD(0.1, weight_decay=0.5)
    before = dict(vars(optimizer))
    assert decayed(optimizer, variables) == variables
    assert vars(optimizer).keys() == before.keys()
    optimizer.exclude_from_weight_decay([variables[0]])
    assert [one.name for one in decayed(optimizer, variables)] == ["b"]
