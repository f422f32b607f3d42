"""An optimizer for the copies of the variables it knows."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.optimizer.decay_exclusion import decays
from keras_trainkit.backend.optimizer.optimizer_copies import optimizer_copy
from tests.helpers.arrays import to_numpy


class Slow(keras.optimizers.SGD):
    """With a setting that its configuration leaves out."""

    def __init__(self, *args, factor=1.0, **kwargs):
        super().__init__(*args, **kwargs)
        self.factor = factor


def variables(seed):
    rng = np.random.default_rng(seed)
    return [
        keras.Variable(rng.normal(size=shape).astype("float32"), name=name)
        for name, shape in (("kernel", (2, 3)), ("bias", (3,)))
    ]


def pairs(old, new):
    return {id(a): (a, b) for a, b in zip(old, new, strict=True)}


def step(optimizer, over):
    optimizer.apply([keras.ops.ones(v.shape) for v in over], over)


MAKE = {
    "SGD": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
    "AdamW": lambda: keras.optimizers.AdamW(0.1, weight_decay=0.2),
    "a schedule": lambda: keras.optimizers.Adam(
        keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
    ),
}


@pytest.mark.parametrize("kind", MAKE)
def test_a_copy_takes_the_steps_its_original_would(kind):
    optimizer, old = MAKE[kind](), variables(0)
    step(optimizer, old)
    new = [keras.Variable(keras.ops.copy(v), name=v.name) for v in old]
    copy = optimizer_copy(optimizer, pairs(old, new))
    state = to_numpy([v.value for v in optimizer.variables])
    step(copy, new)
    np.testing.assert_equal(
        to_numpy([v.value for v in optimizer.variables]), state
    )
    step(optimizer, old)
    np.testing.assert_equal(
        to_numpy([v.value for v in new]), to_numpy([v.value for v in old])
    )


def test_an_optimizer_that_is_not_built_stays_so():
    copy = optimizer_copy(keras.optimizers.Adam(0.25), {})
    assert not copy.built
    assert float(copy.learning_rate) == 0.25


def test_what_is_excluded_from_the_decay_stays_so():
    optimizer, old, new = MAKE["AdamW"](), variables(0), variables(1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    copy = optimizer_copy(optimizer, pairs(old, new))
    assert [decays(copy, v) for v in new] == [True, False]


def test_a_setting_in_no_configuration_is_kept():
    assert optimizer_copy(Slow(0.1, factor=3.0), {}).factor == 3.0


def test_other_variables_are_refused():
    optimizer, old, new = MAKE["SGD"](), variables(0), variables(1)
    step(optimizer, old)
    with pytest.raises(ValueError, match=r"\['bias'\].*compile=False"):
        optimizer_copy(optimizer, pairs(old[:1], new[:1]))
