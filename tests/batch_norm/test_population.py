"""Measuring level by level: how often, and what cannot be found."""

import keras
import numpy as np
import pytest

from keras_trainkit.batch_norm.population import PopulationStatistics
from tests.helpers.batch_norms import Recording
from tests.helpers.batch_norms import compiled
from tests.helpers.batch_norms import statistics

X = np.random.default_rng(0).normal(size=(12, 2)).astype("float32") + 1
layers = keras.layers


def chain():
    norms = [Recording(name="a"), layers.ReLU(), Recording(name="b")]
    return compiled(keras.Sequential([keras.Input((2,)), *norms]))


class Two(layers.Layer):
    """Which of them comes first nobody knows from outside."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.one, self.two = Recording(name="one"), Recording(name="two")

    def build(self, shape):
        self.one.build(shape)
        self.two.build(shape)

    def call(self, x):
        return self.one(keras.ops.relu(self.two(x)))


def composite():
    return compiled(keras.Sequential([keras.Input((2,)), Two()]))


PASSES = {chain: (2, 2), composite: (None, 2)}


@pytest.mark.one_backend
@pytest.mark.parametrize("make", PASSES)
def test_as_many_passes_as_there_are_layers_in_a_row(make):
    model, batches = make(), []
    norms = [
        one for one in model._flatten_layers() if isinstance(one, Recording)
    ]
    population = PopulationStatistics(model, norms)
    expected, passes = PASSES[make]
    assert population.passes == expected
    called = population.assign(X, 6, None, lambda: batches.append(1))
    assert {one.name for one in called} == {one.name for one in norms}
    assert len(batches) == 2 * passes


@pytest.mark.one_backend
def test_statistics_that_never_agree_with_themselves_are_an_error():
    inputs = keras.Input((2,))
    norm = Recording(name="again", epsilon=1e-6)
    h = layers.Rescaling(50.0)(norm(inputs))
    # Turns its mean and its size about with each pass.
    h = layers.Lambda(lambda x: 9 * keras.ops.sin(x) + x)(h)
    model = compiled(keras.Model(inputs, norm(h)))
    with pytest.raises(ValueError, match="still change after"):
        PopulationStatistics(model, [norm]).assign(X, 12, None, lambda: None)
    assert statistics(model)
