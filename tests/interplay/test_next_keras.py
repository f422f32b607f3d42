"""What depends on the flags of a graph, where its layers keep their own.

The same models are made on the installed Keras and on one with the behaviour of
the next release (tests/helpers/next_keras.py). What this package promises of
frozen parts and of sampling holds on both, with the same numbers.
"""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.models.graph import Steps
from keras_trainkit.models.graph import run
from tests.helpers.arrays import to_numpy
from tests.helpers.next_keras import INSTALLED_KEEPS_FLAGS
from tests.helpers.next_keras import next_keras

L = keras.layers
RNG = np.random.default_rng(3)
X = RNG.normal(size=(32, 6)).astype("float32")
Y = X[:, :1] - X[:, 1:2]
# A Keras that keeps flags hands them on, or not, by itself.
HANDED_ON = (True,) if INSTALLED_KEEPS_FLAGS else (True, False)
both = pytest.mark.parametrize("handed_on", HANDED_ON)


def reused(dropout, flag=False, head_dropout=0.0):
    """A part called with `training=False`, below a head."""
    keras.utils.set_random_seed(1)
    part = keras.Sequential(
        [
            keras.Input((6,)),
            L.Dense(5, name="dense"),
            L.BatchNormalization(name="norm"),
            L.Dropout(dropout, seed=2, name="drop"),
        ],
        name="part",
    )
    x = keras.Input((6,))
    h = part(x) if flag is None else part(x, training=flag)
    h = L.Dropout(head_dropout, seed=3, name="head_drop")(h)
    model = keras.Model(x, L.Dense(1, name="head")(h))
    model.compile(keras.optimizers.SGD(0.1, momentum=0.5), "mse")
    return model


def dropping_always():
    """`Dropout(training=True)`, as pages on Monte Carlo dropout advise."""
    keras.utils.set_random_seed(1)
    x = keras.Input((6,))
    h = L.BatchNormalization(name="norm")(L.Dense(8)(x))
    h = L.Dropout(0.5, seed=2)(h, training=True)
    return keras.Model(x, L.Dense(2, name="head")(h))


def fit(model, *callbacks, epochs=1):
    options = {"batch_size": 16, "shuffle": False, "verbose": 0}
    model.fit(X, Y, epochs=epochs, callbacks=list(callbacks), **options)


def part_of(model):
    return model.get_layer("part")


def statistics(model):
    norm = part_of(model).get_layer("norm")
    return [to_numpy(v) for v in norm.non_trainable_variables[:2]]


def same(before, after):
    pairs = zip(before, after, strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


# The stand-in itself: what `nox -s next` sees without it.


@both
def test_a_part_called_for_inference_stays_so_in_fit(handed_on):
    with next_keras(handed_on):
        model = reused(dropout=0.0)
        before, kernel = statistics(model), part_of(model).get_weights()[0]
        fit(model)
    assert same(before, statistics(model))
    assert not np.array_equal(kernel, part_of(model).get_weights()[0])


@both
def test_dropout_called_for_training_drops_in_predict(handed_on):
    with next_keras(handed_on):
        model = dropping_always()
        first, second = (model.predict(X, verbose=0) for _ in range(2))
    assert not np.array_equal(first, second)


@pytest.mark.skipif(
    INSTALLED_KEEPS_FLAGS, reason="this Keras keeps flags without the stand-in"
)
@both
def test_the_flag_is_handed_on_or_not(handed_on):
    with next_keras(handed_on):
        x = keras.Input((50,))
        h = L.Activation("linear")(x, training=False)
        model = keras.Model(x, L.Dropout(0.5, seed=1)(h))
        out = to_numpy(model(np.ones((4, 50), "float32"), training=True))
    assert (out == 0).any() is np.bool_(not handed_on)


def test_everything_is_as_it_was_afterwards():
    with next_keras():
        pass
    model = dropping_always()
    first, second = (model.predict(X, verbose=0) for _ in range(2))
    assert np.array_equal(first, second) is not INSTALLED_KEEPS_FLAGS


# Frozen parts.


def two_stages():
    return ktk.callbacks.FineTuning({0: "head", 1: "all"}, 0.1)


@both
def test_fine_tuning_needs_no_flag_and_is_not_disturbed_by_one(handed_on):
    """Batch normalisation of the part is held by FineTuning, or by the flag."""
    plain = reused(dropout=0.0, flag=None)
    start = plain.get_weights()
    fit(plain, two_stages(), epochs=2)
    with next_keras(handed_on):
        flagged = reused(dropout=0.0)
        flagged.set_weights(start)
        fit(flagged, two_stages(), epochs=2)
    for one, other in zip(
        plain.get_weights(), flagged.get_weights(), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert not np.array_equal(start[0], flagged.get_weights()[0])


@both
def test_a_frozen_part_stays_as_it_is(handed_on):
    with next_keras(handed_on):
        model = reused(dropout=0.5, flag=None)
        before = part_of(model).get_weights()
        fit(model, ktk.callbacks.FineTuning({0: "head"}))
        assert same(before, part_of(model).get_weights())
        ktk.transfer.freeze(model, "part")
        fit(model)
    assert same(before, part_of(model).get_weights())


@both
def test_features_of_a_frozen_part_are_those_of_inference(handed_on):
    with next_keras(handed_on):
        model = reused(dropout=0.5)
        ktk.transfer.freeze(model, "part")
        found = ktk.transfer.features(model, X)
        expected = to_numpy(part_of(model)(X, training=False))
    np.testing.assert_allclose(np.asarray(found), expected, atol=1e-6)


@pytest.mark.parametrize("training", [False, True])
@both
def test_steps_of_a_graph_run_as_the_model_does(training, handed_on):
    with next_keras(handed_on):
        model = reused(dropout=0.0)
        expected = to_numpy(model(X, training=training))
        steps = Steps(model, training=training)
        values = {0: X}
        run(steps.steps, values)
    (output,) = steps.outputs
    np.testing.assert_allclose(to_numpy(values[output]), expected, atol=1e-6)


# Samples.


def from_an_older_file():
    """Up to 3.15, Keras writes this flag for every dropout of a graph."""
    keras.utils.set_random_seed(1)
    x = keras.Input((6,))
    h = L.Dropout(0.5, seed=2)(L.Dense(8)(x), training=False)
    return keras.Model(x, L.Dense(2)(h))


SAMPLED = {
    "a file of an older Keras": from_an_older_file,
    "a part called for inference": lambda: reused(0.3, head_dropout=0.5),
    "dropout called for training": dropping_always,
}


@both
@pytest.mark.parametrize("make", SAMPLED.values(), ids=SAMPLED)
def test_mc_predict_draws_what_it_draws_today(make, handed_on):
    options = {"samples": 8, "seed": 4}
    today = ktk.uncertainty.mc_predict(make(), X, **options)
    with next_keras(handed_on):
        model = make()
        before = [to_numpy(v) for v in model.variables]
        found = ktk.uncertainty.mc_predict(model, X, **options)
        assert same(before, [to_numpy(v) for v in model.variables])
    np.testing.assert_allclose(found.mean, today.mean, atol=1e-6)
    np.testing.assert_allclose(found.std, today.std, atol=1e-6)
    assert (found.std > 0).all()


@both
def test_layers_that_always_drop_do_so_whatever_their_flag(handed_on):
    with next_keras(handed_on):
        x = keras.Input((50,))
        h = ktk.layers.MCDropout(0.5, seed=1)(x, training=False)
        model = keras.Model(x, h)
        out = model.predict(np.ones((4, 50), "float32"), verbose=0)
    assert 0.2 < np.mean(out == 0) < 0.8


@both
def test_a_copy_for_sampling_drops_in_the_part(handed_on):
    with next_keras(handed_on):
        copy = ktk.uncertainty.to_mc(reused(0.5))
        first, second = (copy.predict(X, verbose=0) for _ in range(2))
    assert not np.array_equal(first, second)


# Statistics of batch normalisation.


@both
def test_refresh_measures_the_part_too(handed_on):
    with next_keras(handed_on):
        model = reused(dropout=0.5)
        ktk.batch_norm.refresh(model, X, batch_size=16)
        hidden = to_numpy(part_of(model).get_layer("dense")(X))
    mean, variance = statistics(model)
    np.testing.assert_allclose(mean, hidden.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(variance, hidden.var(axis=0), rtol=1e-4)
