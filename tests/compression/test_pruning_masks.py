"""What the masks begin with, and whom they serve again."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.optimizer.averages import averages_of
from keras_trainkit.compression.prunable import prunable_kernels
from keras_trainkit.compression.pruning_masks import PruningMasks
from keras_trainkit.kernels.sparsity.course import Course
from keras_trainkit.kernels.sparsity.course import cubic
from tests.helpers.arrays import to_numpy
from tests.helpers.models import mlp

# 0, 14, 16 of 32 weights pruned: at 0, 5 and 10 updates.
COURSE = Course(start=0, end=10, frequency=5)
SHARES = COURSE.sparsities(0.5, cubic)


@pytest.fixture
def model():
    model = mlp()
    model.compile("sgd", "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def masks_for(model, structure=None, before=()):
    kernels = prunable_kernels(model, structure, None)
    return PruningMasks(model, kernels, structure, COURSE, before)


def zeros(model):
    return int((model.get_weights()[0] == 0).sum())


@pytest.mark.parametrize(
    ("position", "count"), [(0, 0), (4, 0), (5, 14), (9, 14), (300, 16)]
)
def test_a_course_begins_where_it_is(model, position, count):
    masks = masks_for(model)
    masks.begin(COURSE, SHARES, position, resumed=position > 0)
    assert zeros(model) == count
    assert masks.sparsity()[0]["hidden/kernel"] == count / 32


def test_a_resumed_one_goes_on_with_all_that_is_zero(model):
    kernel, *others = model.get_weights()
    kernel[:5] = 0
    model.set_weights([kernel, *others])
    masks = masks_for(model)
    masks.begin(COURSE, SHARES, 5, resumed=True)
    assert masks.sparsity()[0]["hidden/kernel"] == 20 / 32
    again = masks_for(model)
    again.begin(COURSE, SHARES, 5, resumed=False)
    assert again.sparsity()[0]["hidden/kernel"] == 14 / 32


def test_a_kernel_that_is_all_zero_was_made_so(model):
    kernel, *others = model.get_weights()
    model.set_weights([np.zeros_like(kernel), *others])
    masks = masks_for(model)
    masks.begin(COURSE, SHARES, 5, resumed=True)
    assert masks.sparsity()[0]["hidden/kernel"] == 14 / 32


def test_masks_of_an_earlier_run_are_taken_over_where_weights_are_zero(model):
    before = masks_for(model)
    before.begin(COURSE, SHARES, 10, resumed=False)
    masks = masks_for(model, before=before.marked())
    masks.begin(COURSE, SHARES, 0, resumed=False)
    assert masks.sparsity()[0]["hidden/kernel"] == 16 / 32
    # Other weights were set meanwhile.
    model.set_weights([np.ones(w.shape) for w in model.get_weights()])
    later = masks_for(model, before=masks.marked())
    later.begin(COURSE, SHARES, 0, resumed=False)
    assert later.sparsity() == ({"hidden/kernel": 0, "head/kernel": 0}, 0)


def test_it_serves_again_where_kernels_and_events_are_as_many(model):
    masks = masks_for(model)
    same = prunable_kernels(model, None, None)
    assert masks.fits(same, Course(3, 13, 5))
    assert not masks.fits(same, Course(0, 10, 4))
    assert not masks.fits(same[:1], COURSE)
    assert not masks.fits(prunable_kernels(mlp(), None, None), COURSE)


def test_of_all_kernels_those_count_that_train(model):
    masks = masks_for(model, "global")
    model.get_layer("hidden").trainable = False
    masks.begin(COURSE, SHARES, 10, resumed=False)
    assert masks.sparsity()[0] == {"hidden/kernel": 0, "head/kernel": 0.5}


def test_averages_of_weights_are_zero_as_the_weights():
    model = mlp()
    optimizer = keras.optimizers.SGD(use_ema=True)
    model.compile(optimizer, "mse")
    optimizer.build(model.trainable_variables)
    averages = averages_of(optimizer)
    for average in averages.values():
        average.assign(np.ones(average.shape))
    masks_for(model).begin(COURSE, SHARES, 10, resumed=False)
    kernel, bias = model.layers[0].kernel, model.layers[0].bias
    for variable, count in ((kernel, 16), (bias, 0)):
        found = to_numpy(averages[id(variable)]) == 0
        assert found.sum() == count
    held = to_numpy(averages[id(kernel)]) == 0
    np.testing.assert_array_equal(held, to_numpy(kernel) == 0)
