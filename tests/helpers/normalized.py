"""Models with BatchNormalization as after a training."""

import re

import keras
import numpy as np

from keras_trainkit.batch_norm.folding.fold import fold
from tests.helpers.arrays import to_numpy


def trained(model, seed=0, negative=False):
    """Returns `model` with numbers drawn for all of its normalisations.

    Args:
        model: A built `keras.Model`.
        seed: Of the draws.
        negative: Whether gammas may be negative.
    """
    draws = np.random.default_rng(seed)
    least = -1.5 if negative else 0.5
    norms = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    for norm in norms:
        count = norm.moving_mean.shape
        norm.moving_mean.assign(0.5 * draws.normal(size=count))
        norm.moving_variance.assign(draws.uniform(0.3, 2, count))
        if norm.scale:
            norm.gamma.assign(draws.uniform(least, 1.5, count))
        if norm.center:
            norm.beta.assign(0.5 * draws.normal(size=count))
    return model


def batch_norm(norm, x):
    """Returns what a layer makes of an array at inference, in float64."""
    shape = [1] * x.ndim
    shape[norm.axis] = -1

    def along(values):
        return to_numpy(values).astype("float64").reshape(shape)

    y = x - along(norm.moving_mean)
    y = y / np.sqrt(along(norm.moving_variance) + norm.epsilon)
    y = y * along(norm.gamma) if norm.scale else y
    return y + along(norm.beta) if norm.center else y


def norm(name="norm", **kwargs):
    """Returns a BatchNormalization."""
    return keras.layers.BatchNormalization(name=name, **kwargs)


def assert_alike(model, other, *shapes):
    """Fails unless two models return the same but for rounding."""
    draws = np.random.default_rng(5)
    given = [draws.normal(size=(2, *s)).astype("float32") for s in shapes]
    given = given if len(given) > 1 else given[0]
    pairs = zip(
        *(
            keras.tree.flatten(to_numpy(one(given, training=False)))
            for one in (model, other)
        ),
        strict=True,
    )
    for expected, received in pairs:
        assert np.ptp(expected, axis=0).max() > 0.01
        np.testing.assert_allclose(
            received, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max()
        )


def assert_folded(shape, layers):
    """Fails unless a Sequential model's "norm" is folded into its "it".

    Args:
        shape: Of the input, without the batch.
        layers: What comes behind.

    Returns:
        The model and the `Folding`.
    """
    model = trained(keras.Sequential([keras.Input(shape), *layers]))
    folding = fold(model)
    assert folding.folded == {"norm": ("it",)} and folding.left == {}
    assert folding.largest_difference < 1e-5
    assert_alike(model, folding.model, shape)
    assert type(folding.model) is keras.Sequential
    kinds = [type(layer) for layer in folding.model.layers]
    assert keras.layers.BatchNormalization not in kinds
    return model, folding


def assert_left(shape, layers, reason):
    """Fails unless the one normalisation of a model is left.

    Args:
        shape: Of the input, without the batch.
        layers: What comes behind.
        reason: Regular expression that the reason matches.
    """
    model = trained(keras.Sequential([keras.Input(shape), *layers]))
    folding = fold(model)
    assert folding.folded == {}
    [why] = folding.left.values()
    assert re.search(reason, why), why
    assert folding.largest_difference == 0
    assert len(folding.model.layers) == len(model.layers)
