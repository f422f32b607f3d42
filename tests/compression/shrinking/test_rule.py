"""What all rules have in common."""

import keras
import numpy as np
import pytest

from keras_trainkit.compression.shrinking.rule import Fixed
from keras_trainkit.compression.shrinking.rule import Passing
from keras_trainkit.compression.shrinking.rule import Tracing
from keras_trainkit.compression.shrinking.rule import only_known
from keras_trainkit.compression.shrinking.rule import run_on_constants
from keras_trainkit.compression.shrinking.units import Ties
from keras_trainkit.compression.shrinking.units import Units
from keras_trainkit.models.graph import Steps

NAN = np.nan


def units(tracing, constants, axis=1):
    labels = tracing.ties.fresh(len(constants))
    return Units(axis, labels, np.array(constants))


def step_of(layer, *shape):
    x = keras.Input(shape)
    return Steps(keras.Model(x, layer(x))).steps[-1]


def test_a_step_is_run_on_constants_and_nothing_else():
    step = step_of(keras.layers.Activation("sigmoid"), 4)
    found = run_on_constants(step, [units(Tracing(Ties(), {}), [0, NAN, 2])])
    np.testing.assert_allclose(found, [0.5, NAN, 1 / (1 + np.exp(-2))])


@pytest.mark.one_backend
def test_what_is_not_finite_is_not_known():
    values = only_known(np.array([1.0, np.inf, 2.0]), np.array([1, 1, 0], bool))
    np.testing.assert_array_equal(values, [1.0, NAN, NAN])


@pytest.mark.one_backend
def test_each_unit_needs_its_source_unless_it_is_constant():
    tracing = Tracing(Ties(), {})
    (read,) = [units(tracing, [NAN, NAN, 1.0])]
    source = np.array([0, 1, 2, 0, 1, 2])
    step = step_of(keras.layers.Flatten(), 2, 3)
    rule = Passing(step, [read], tracing, 1, source)
    needed = np.array([True, False, True, False, False, True])
    (found,) = rule.needs([needed])
    assert found.tolist() == [True, False, False]
    assert rule.outputs[0].labels.tolist() == read.labels[source].tolist()


@pytest.mark.one_backend
def test_a_fixed_step_needs_all_and_says_why():
    tracing = Tracing(Ties(), {})
    read = units(tracing, [0.0, NAN])
    rule = Fixed(step_of(keras.layers.Softmax(), 2), [read], tracing, "why")
    assert rule.outputs == [None]
    assert rule.needs([None])[0].all()
    assert set(tracing.ties.pins.values()) == {"why"}


@pytest.mark.one_backend
def test_calls_of_one_layer_are_tied_or_pinned():
    tracing = Tracing(Ties(), {})
    one, two = units(tracing, [NAN] * 2), units(tracing, [NAN] * 2)
    tracing.tie_calls("layer", one, "name")
    tracing.tie_calls("layer", two, "name")
    roots = tracing.ties.roots
    assert roots(one.labels).tolist() == roots(two.labels).tolist()
    assert not tracing.ties.pins
    tracing.tie_calls("layer", None, "name")
    assert len(tracing.ties.at_roots(tracing.ties.pins)) == 2
