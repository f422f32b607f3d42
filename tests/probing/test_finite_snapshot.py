"""The last finite state comes back; counters and rate go on."""

import keras
import numpy as np
import pytest

from keras_trainkit.probing.finite_snapshot import FiniteSnapshot
from tests.helpers.models import linear_model


@pytest.fixture
def model():
    model = linear_model()
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def test_weights_and_slots_come_back_but_not_counter_and_rate(model):
    snapshot, optimizer = FiniteSnapshot(model), model.optimizer
    before = model.get_weights()
    assert snapshot.take() is None
    gradients = [keras.ops.ones(v.shape) for v in model.trainable_variables]
    optimizer.apply(gradients, model.trainable_variables)
    optimizer.learning_rate = 0.05
    assert snapshot.put_back()
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    assert not np.array(optimizer.momentums[0].numpy()).any()
    assert int(optimizer.iterations) == 1
    assert float(optimizer.learning_rate) == pytest.approx(0.05)


def test_a_state_that_is_not_finite_is_named_and_not_taken(model):
    snapshot, before = FiniteSnapshot(model), model.get_weights()
    snapshot.take()
    model.weights[1].assign([np.inf])
    assert snapshot.take() == model.weights[1].path
    snapshot.put_back()
    np.testing.assert_array_equal(model.get_weights()[1], before[1])


def test_without_a_state_nothing_is_put_back(model):
    snapshot = FiniteSnapshot(model)
    assert not snapshot.put_back()
    snapshot.take()
    snapshot.forget()
    assert not snapshot.put_back()
