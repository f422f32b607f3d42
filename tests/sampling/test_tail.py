import keras
import numpy as np
import pytest

from keras_trainkit.backend.randomness.random_masks import Draws
from keras_trainkit.backend.randomness.random_masks import as_key
from keras_trainkit.sampling.random_layers import RandomLayers
from keras_trainkit.sampling.sample_plan import SamplePlan
from keras_trainkit.sampling.switched_layers import NothingDrawn
from keras_trainkit.sampling.tail import DrawnTooEarly
from keras_trainkit.sampling.tail import Tail
from keras_trainkit.sampling.tail import head_values
from tests.helpers.arrays import to_numpy
from tests.helpers.random_zoo import FEATURES
from tests.helpers.random_zoo import Noisy
from tests.helpers.random_zoo import flat

L = keras.layers
XLA = keras.backend.backend() == "jax"
X = np.ones((2, FEATURES), "float32")


def plan_and_tail(model, modes=None, structure=None):
    layers = RandomLayers(model)
    plan = SamplePlan(model, layers.rates, layers.active)
    settings = [("regression", False)]
    tail = Tail(
        model,
        plan,
        list(layers.rates),
        layers.active,
        modes or {},
        lambda outputs: settings,
        structure,
    )
    return plan, tail


def drawn(model, copies=1, **options):
    plan, tail = plan_and_tail(model, **options)
    frontier = head_values(plan, X, XLA, watch=True)
    return tail, tail(frontier, copies, Draws(as_key(1), XLA))


def test_copies_lie_one_below_the_other():
    model = keras.Sequential([keras.Input((FEATURES,)), L.Dropout(0.5)])
    tail, (found,) = drawn(model, 3)
    assert set(np.unique(to_numpy(found))) == {0.0, 2.0}
    assert tuple(found.shape) == (6, FEATURES)
    assert tail.structure == 0 and tail.settled == [("regression", False)]


def test_what_draws_before_the_first_dropout_is_named():
    noisy = Noisy()
    plan, _ = plan_and_tail(flat(noisy, L.Dropout(0.5)))
    with pytest.raises(DrawnTooEarly) as caught:
        head_values(plan, X, XLA, watch=False)
    assert caught.value.layer is noisy


class DrawsNothing(L.Dropout):
    def call(self, inputs, training=False):
        return inputs


def test_what_has_to_draw_and_does_not_is_named():
    silent = DrawsNothing(0.5)
    with pytest.raises(NothingDrawn) as caught:
        drawn(flat(silent))
    assert caught.value.layers == [silent]


def test_another_structure_in_training_is_refused():
    model = flat(L.Dropout(0.5))
    modes = {model.layers[-1]: True}
    with pytest.raises(ValueError, match="outputs have the same structure"):
        drawn(model, modes=modes, structure={"one": 0})
