"""No curve runs at another speed, or not at all, without an error."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.scheduling.applied_updates import AppliedUpdates
from tests.helpers import replay
from tests.helpers.arrays import to_numpy
from tests.helpers.models import linear_model
from tests.helpers.scheduled_run import BATCH
from tests.helpers.scheduled_run import EPOCHS
from tests.helpers.scheduled_run import MOMENTUM
from tests.helpers.scheduled_run import RATE
from tests.helpers.scheduled_run import X
from tests.helpers.scheduled_run import Y
from tests.helpers.scheduled_run import assert_given_back
from tests.helpers.scheduled_run import compiled

BACKEND = keras.backend.backend()
S = keras.optimizers.schedules


# A loop of one's own.


def gradients(model, x, y):
    """Returns the gradients of the loss, by whatever the backend has."""
    weights = [v.value for v in model.trainable_variables]
    if BACKEND == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = keras.ops.mean((model(x) - y) ** 2)
        return tape.gradient(loss, weights)
    if BACKEND == "torch":
        model.zero_grad()
        keras.ops.mean((model(x) - y) ** 2).backward()
        return [weight.grad for weight in weights]
    import jax

    def loss(weights):
        outputs, _ = model.stateless_call(weights, [], x)
        return keras.ops.mean((outputs - y) ** 2)

    return jax.grad(loss)(weights)


def step(model, x, y):
    model.optimizer.apply(gradients(model, x, y), model.trainable_variables)


def loop(model, callback, step=step, epochs=EPOCHS, **params):
    """Trains as the documentation of Keras shows it."""
    model.optimizer.build(model.trainable_variables)
    callbacks = keras.callbacks.CallbackList([callback], model=model, **params)
    callbacks.on_train_begin()
    for epoch in range(epochs):
        callbacks.on_epoch_begin(epoch)
        for i, (x, y) in enumerate(replay.batches(X, Y, BATCH)):
            callbacks.on_train_batch_begin(i)
            step(model, *(keras.ops.convert_to_tensor(v, "float32")
                          for v in (x, y)))  # fmt: skip
            loss = float(np.mean((to_numpy(model(X)) - Y) ** 2))
            callbacks.on_train_batch_end(i, {"loss": loss})
        callbacks.on_epoch_end(epoch, {"loss": loss})
    callbacks.on_train_end()


def one_cycle(**options):
    return ktk.callbacks.OneCycle(0.1, **{"total_steps": 8, **options})


LOOPED = {
    "OneCycle": one_cycle,
    "HyperparameterSchedule": lambda: ktk.callbacks.HyperparameterSchedule(
        S.CosineDecay(0.1, 12), momentum=S.PolynomialDecay(0.9, 12, 0.0)
    ),
    "RaiseLROnPlateau": lambda: ktk.callbacks.RaiseLROnPlateau(
        "loss", mode="min", patience=1, min_delta=1e9
    ),
}


@pytest.mark.parametrize("name", LOOPED)
def test_a_loop_of_ones_own_trains_under_the_curves(name):
    model, callback = compiled(), LOOPED[name]()
    hand = replay.LinearReplay(model.get_weights(), replay.sgd)
    epochs = 3 if name == "RaiseLROnPlateau" else EPOCHS
    loop(model, callback, epochs=epochs)
    trace = callback.trace()
    rates = trace["learning_rate"]
    assert len(set(rates.round(9))) > 1
    momenta = trace.get("momentum", np.full(len(rates), MOMENTUM))
    data = replay.batches(X, Y, BATCH, epochs)
    for (x, y), rate, momentum in zip(data, rates, momenta, strict=True):
        hand.step(x, y, learning_rate=rate, momentum=momentum)
    for ours, theirs in zip(model.get_weights(), hand.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-5)
    assert_given_back(model)


def test_a_search_in_a_loop_of_ones_own_meets_the_rates_it_reports():
    seen = []

    def observed(model, x, y):
        before = model.get_weights()[1]
        slope = to_numpy(gradients(model, x, y)[1])
        step(model, x, y)
        seen.append(((before - model.get_weights()[1]) / slope).item())

    model = linear_model()
    model.compile(keras.optimizers.SGD(RATE), "mse")
    finder = ktk.callbacks.LearningRateFinder(1e-3, 1e-1, steps=8)
    loop(model, finder, observed)
    np.testing.assert_allclose(
        finder.result.learning_rates, seen[: len(finder.result.losses)], 1e-3
    )


def own_compiled_step():
    """Returns a step that is compiled past Keras, and by whom."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.function(step)
    import jax

    def stateless(model, x, y):
        @jax.jit
        def compiled_step(variables, x, y):
            slopes = gradients(model, x, y)
            weights = [v.value for v in model.trainable_variables]
            return model.optimizer.stateless_apply(variables, slopes, weights)

        variables = [v.value for v in model.optimizer.variables]
        weights, variables = compiled_step(variables, x, y)
        for v, new in zip(
            [*model.trainable_variables, *model.optimizer.variables],
            [*weights, *variables],
            strict=True,
        ):
            v.assign(new)

    return stateless


# torch has no step that is compiled once and for all.
if BACKEND != "torch":

    @pytest.mark.parametrize("name", LOOPED)
    def test_a_step_compiled_in_the_run_is_an_error(name):
        model = compiled()
        before = model.get_weights()
        match = f"{name}.* that is being compiled"
        with pytest.raises(ValueError, match=match):
            loop(model, LOOPED[name](), own_compiled_step())
        np.testing.assert_array_equal(model.get_weights()[0], before[0])
        assert_given_back(model)


def moved_elsewhere(model, x, y):
    """What a step does to the counter that was compiled before the run."""
    iterations = model.optimizer.iterations
    iterations.assign(keras.ops.convert_to_tensor(iterations) + 1)


@pytest.mark.parametrize("name", LOOPED)
def test_updates_that_no_curve_was_in_are_an_error(name):
    model, callback = compiled(), LOOPED[name]()
    with pytest.raises(ValueError, match="Received: updates by a step that"):
        loop(model, callback, moved_elsewhere, epochs=1)
    with pytest.raises(ValueError, match="Received: updates by a step that"):
        callback.trace()
    assert_given_back(model)


def test_they_are_an_error_in_the_middle_of_an_epoch_for_a_trace():
    def step(model, x, y):
        moved_elsewhere(model, x, y)
        one_cycle_in_use.trace()

    one_cycle_in_use = one_cycle()
    with pytest.raises(ValueError, match="Received: updates by a step that"):
        loop(compiled(), one_cycle_in_use, step)


def test_a_search_that_acted_on_nothing_is_an_error():
    model = compiled()
    finder = ktk.callbacks.LearningRateFinder(1e-3, 1e-1, steps=4)
    with pytest.raises(ValueError, match="Received: updates by a step that"):
        loop(model, finder, moved_elsewhere, epochs=1)
    assert finder.result is None


def test_a_step_before_the_first_epoch_is_an_error():
    model = compiled()
    callbacks = keras.callbacks.CallbackList([one_cycle()], model=model)
    callbacks.on_train_begin()
    with pytest.raises(ValueError, match="`on_epoch_begin` before the first"):
        model.train_on_batch(X[:BATCH], Y[:BATCH])
    callbacks.on_train_end()
    assert_given_back(model)


def test_a_loop_that_died_applies_plainly():
    def dies(model, x, y):
        step(model, x, y)
        raise RuntimeError("planned")

    model, plain = compiled(), compiled()
    with pytest.raises(RuntimeError, match="planned"):
        loop(model, one_cycle(), dies)
    plain.set_weights(model.get_weights())
    assert_trains_alike(model, plain)
    assert_given_back(model)


def assert_trains_alike(model, plain):
    """The first step after the death has its velocity from before."""
    velocity = [v.value for v in model.optimizer.momentums]
    plain.optimizer.build(plain.trainable_variables)
    for ours, theirs in zip(plain.optimizer.momentums, velocity, strict=True):
        ours.assign(keras.ops.copy(theirs))
    x, y = (keras.ops.convert_to_tensor(v[:BATCH]) for v in (X, Y))
    for one in (model, plain):
        step(one, x, y)
    np.testing.assert_allclose(
        model.get_weights()[0], plain.get_weights()[0], rtol=1e-5
    )


# The counts.


def applied(calls=0, finished=None, blind=0, outside=0, first=100):
    counts = AppliedUpdates()
    counts.begin(first)
    for i in range(calls):
        done = finished is None or i < finished
        counts.add_call(i >= blind, done)
    for _ in range(outside):
        counts.add_outside()
    return counts


@pytest.mark.parametrize(
    "counts, counted, expected",
    [
        (applied(), 101, True),
        (applied(), 100, False),
        (applied(outside=3), 103, False),
        (applied(outside=3), 104, True),
        (applied(calls=3), 103, False),
        (applied(calls=3), 106, False),
        (applied(calls=3, blind=3), 103, True),
        (applied(calls=3, blind=1), 103, False),
        (AppliedUpdates(), 103, False),
    ],
)
def test_what_no_curve_can_have_acted_on(counts, counted, expected):
    assert counts.unscheduled(counted) is expected


@pytest.mark.parametrize(
    "counts, made, steps, per_call, expected",
    [
        (applied(calls=4), 4, 4, 1, 1),
        (applied(calls=4), 8, 4, 1, 2),
        (applied(calls=4), 6, None, 1, 1.5),
        (applied(calls=4), 3, 4, 1, 1),
        (applied(calls=4), 2, 4, 1, 0.5),
        (applied(calls=4), 0, 4, 1, 1),
        (applied(calls=5, finished=4), 5, None, 1, 1),
        (applied(calls=2), 10, 10, 8, 1),
        (applied(calls=2), 20, 10, 8, 2),
        (applied(calls=2), 16, None, 8, 1),
        (applied(calls=2), 2, None, 8, 1),
        (applied(outside=4), 4, None, 1, 1),
        (applied(outside=8), 8, 4, 1, 2),
        (applied(calls=4, outside=1), 5, 4, 1, 1),
    ],
)
def test_how_often_a_batch_was_applied(counts, made, steps, per_call, expected):
    assert counts.per_batch(100 + made, steps, per_call) == expected
