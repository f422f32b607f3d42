"""Units that cannot all go."""

import keras
import numpy as np
import pytest

from keras_trainkit.compression import shrink
from keras_trainkit.compression.shrinking.dead_units import DeadUnits
from tests.helpers.arrays import to_numpy
from tests.helpers.dead_weights import filled
from tests.helpers.dead_weights import inputs_of
from tests.helpers.dead_weights import kill
from tests.helpers.dead_weights import outputs

layers = keras.layers
pytestmark = pytest.mark.one_backend


def stack(*sizes):
    model = keras.Sequential(
        [
            keras.Input((4,)),
            *(
                layers.Dense(size, activation="relu", name=name)
                for size, name in zip(sizes, "abcd", strict=False)
            ),
            layers.Dense(2, name="head"),
        ]
    )
    return filled(model)


def test_one_unit_of_a_dead_layer_stays_and_the_outputs_do():
    model = stack(5, 6)
    kill(model.get_layer("b"), slice(None), 0.5)
    x = inputs_of(model)

    shrinking = shrink(model, x)

    # What the dead layer reads is dead as well, down to one unit.
    assert [one.after for one in shrinking.removed] == [1, 1]
    assert "the last unit cannot go" in shrinking.left["b"]
    np.testing.assert_allclose(
        outputs(shrinking.model, x)[0], outputs(model, x)[0], atol=1e-6
    )


def test_outputs_keep_their_units():
    model = stack(5)
    kill(model.get_layer("head"), [0])
    kill(model.get_layer("a"), [0])

    shrinking = shrink(model)

    assert shrinking.model.output_shape == model.output_shape
    assert shrinking.left == {"head": "1 of 2 dead: units of an output"}


def test_an_output_inside_keeps_its_units_too():
    model = stack(5, 6)
    inside = keras.Model(
        model.inputs, [model.get_layer("a").output, model.outputs[0]]
    )
    kill(model.get_layer("a"), [1])
    kill(model.get_layer("b"), [1])

    shrinking = shrink(inside)

    assert [one.path for one in shrinking.removed] == ["b"]
    assert "units of an output" in shrinking.left["a"]


def test_groups_that_are_unequal_say_so():
    x = keras.Input((6, 6, 4))
    y = layers.Conv2D(6, 2, groups=2, name="a")(x)
    model = filled(keras.Model(x, layers.Conv2D(2, 2, name="b")(y)))
    kill(model.get_layer("a"), [0, 1, 3], 0.5)
    sample = inputs_of(model)

    shrinking = shrink(model, sample)

    assert [one.after for one in shrinking.removed] == [4]
    assert "groups" in shrinking.left["a"]
    assert shrinking.largest_difference < 1e-5


def test_every_weight_that_reads_a_kept_unit_is_kept():
    model = stack(6, 5)
    kill(model.get_layer("a"), [2, 3])
    dead = DeadUnits(model)
    (first, second, _) = [rules[0] for rules in dead.layers()]
    kept = dead.keep(first.units, 6)
    assert kept.tolist() == [True, True, False, False, True, True]
    _, (kernel, _) = second.smaller(dead.keep)
    old = to_numpy(model.get_layer("b").kernel.value)
    np.testing.assert_array_equal(kernel, old[kept])
