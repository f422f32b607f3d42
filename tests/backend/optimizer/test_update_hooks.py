"""Keras still calls the methods that an instrument stands before."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.optimizer import update_hooks
from tests.helpers.arrays import to_numpy
from tests.helpers.models import linear_model


class Watch:
    def __init__(self):
        self.seen = []

    def applying(self, optimizer, plain, grads, variables):
        self.seen.append(("given", [to_numpy(g).max() for g in grads]))
        plain(grads, variables)

    def clipping(self, optimizer, plain, grads):
        clipped = plain(grads)
        self.seen.append(("clipped", [to_numpy(g).max() for g in clipped]))
        return clipped


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "Nadam", "Lion"])
def test_every_update_goes_through_both_hooks(name):
    model, watch = linear_model(), Watch()
    optimizer = getattr(keras.optimizers, name)(0.1, clipvalue=0.5)
    optimizer.build(model.trainable_variables)
    update_hooks.lend_updates(optimizer, watch, model)
    weights = model.get_weights()
    gradients = [keras.ops.ones(v.shape) * 2 for v in model.weights]
    optimizer.apply(gradients, model.trainable_variables)
    assert watch.seen == [("given", [2.0] * 2), ("clipped", [0.5] * 2)]
    assert not np.array_equal(model.get_weights()[0], weights[0])
    update_hooks.take_updates_back(optimizer)
    optimizer.apply(gradients, model.trainable_variables)
    assert len(watch.seen) == 2


def test_accumulated_batches_make_one_update():
    model = linear_model()
    optimizer = keras.optimizers.SGD(0.1, gradient_accumulation_steps=2)
    optimizer.build(model.trainable_variables)
    gradients = [keras.ops.ones(v.shape) for v in model.weights]
    first = bool(update_hooks.completes_update(optimizer))
    optimizer.apply(gradients, model.trainable_variables)
    second = bool(update_hooks.completes_update(optimizer))
    assert (first, second) == (False, True)
