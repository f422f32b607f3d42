"""The places of layers, and what one update leaves in the means."""

import keras
import numpy as np
import pytest

from keras_trainkit.probing.gradient_norms import AFTER
from keras_trainkit.probing.gradient_norms import BEFORE
from keras_trainkit.probing.gradient_norms import PRESENT
from keras_trainkit.probing.gradient_norms import UPDATE
from keras_trainkit.probing.gradient_norms import WEIGHT
from keras_trainkit.probing.gradient_norms import GradientNorms
from tests.helpers.models import mlp


@pytest.fixture
def model():
    model = mlp()
    model.optimizer = keras.optimizers.SGD(0.5)
    model.optimizer.build(model.trainable_variables)
    return model


def apply(norms, model, *sizes):
    """Applies constant gradients, halved as if they were clipped."""
    variables = model.trainable_variables[-2:]
    gradients = [
        keras.ops.ones(v.shape) * size
        for v, size in zip(variables, sizes, strict=True)
    ]

    def halve(grads):
        return [0.5 * g for g in grads]

    def plain(grads, variables):
        clipped = norms.clipping(model.optimizer, halve, grads)
        for gradient, variable in zip(clipped, variables, strict=True):
            variable.assign(variable.value - 0.5 * gradient)

    norms.applying(model.optimizer, plain, gradients, variables)


def test_means_and_peaks_are_those_of_the_updates(model):
    norms = GradientNorms(model)
    model.get_layer("head").kernel.assign(np.full((4, 1), 3.0))
    apply(norms, model, 1.0, 0.0)
    apply(norms, model, 3.0, 0.0)
    means, peaks = norms.read()
    assert norms.paths == ["hidden", "head"]
    # Four weights: a norm is twice the size of each.
    head = means[:, 1]
    wanted = {
        BEFORE: 4.0,
        AFTER: 2.0,
        WEIGHT: (6.0 + 5.5) / 2,
        UPDATE: 1.0,
        PRESENT: 1.0,
    }
    assert {row: pytest.approx(head[row]) for row in wanted} == wanted
    np.testing.assert_allclose(means[:, 0], 0.0)
    np.testing.assert_allclose(means[:, 2], head)
    np.testing.assert_allclose(peaks, [0.0, 6.0, 6.0])
    assert norms.updates() == 2
    norms.begin()
    assert norms.updates() == 0
    assert not norms.read()[0].any()


def test_it_fits_the_model_it_was_made_for(model):
    norms = GradientNorms(model)
    assert norms.fits(model)
    assert not norms.fits(mlp())
