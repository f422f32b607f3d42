"""The search inside a user's own `fit`, against float64 replays."""

import keras
import numpy as np
import pytest
from matplotlib import pyplot

import keras_trainkit as ktk
from tests.helpers import replay
from tests.helpers.fit_state import changes
from tests.helpers.fit_state import fit_state
from tests.helpers.models import linear_model
from tests.helpers.models import mlp
from tests.helpers.models import regression_data

TORCH = keras.backend.backend() == "torch"
X, Y = regression_data(40)
BATCH = 16  # the last batch of an epoch has 8 samples


def compiled(optimizer=None, **options):
    model = linear_model()
    model.compile(optimizer or keras.optimizers.SGD(0.5), "mse", **options)
    return model


def search(model, finder, epochs=4, y=Y, **options):
    model.fit(
        X,
        y,
        batch_size=BATCH,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=[finder],
        **options,
    )
    return finder.result


RULES = {
    "sgd": (lambda: keras.optimizers.SGD(0.5, momentum=0.9), replay.sgd),
    "adam": (lambda: keras.optimizers.Adam(0.5), replay.adam),
}


@pytest.mark.parametrize("eager", [False, True], ids=["default", "eager"])
@pytest.mark.parametrize("rule", RULES)
def test_rates_and_losses_equal_a_float64_replay(rule, eager):
    make, update = RULES[rule]
    model = compiled(make(), run_eagerly=eager)
    hand = replay.LinearReplay(model.get_weights(), update)
    finder = ktk.callbacks.LearningRateFinder(1e-4, 0.1, steps=10)
    result = search(model, finder)
    losses = []
    rates = np.geomspace(1e-4, 0.1, 10)
    for (x, y), rate in zip(
        replay.batches(X, Y, BATCH, epochs=4), rates, strict=False
    ):
        w, b = hand.weights
        losses.append(np.mean((x @ w + b - y) ** 2))
        hand.step(x, y, learning_rate=rate, momentum=0.9)
    np.testing.assert_allclose(result.learning_rates, rates, rtol=1e-12)
    np.testing.assert_allclose(result.losses, losses, rtol=1e-4)


def test_the_fit_leaves_no_trace_but_its_history():
    model = compiled(keras.optimizers.Adam(0.5), metrics=["mae"])
    model.fit(X, Y, verbose=0)
    before = fit_state(model)
    finder = ktk.callbacks.LearningRateFinder(1e-4, 0.1, steps=10)
    search(model, finder)
    before["attributes"][0] = model.history
    random = {"python", "numpy", "keras", "torch", "tensorflow"}
    assert set(changes(before, fit_state(model))) <= random


def test_the_search_stops_where_the_loss_diverges():
    finder = ktk.callbacks.LearningRateFinder(1e-4, 1e4, steps=100)
    y = X.sum(axis=1, keepdims=True)
    result = search(compiled(), finder, epochs=50, y=y)
    assert 40 < len(result.losses) < 80
    assert result.losses[-1] > 4 * np.nanmin(result.smoothed_losses)
    assert np.isnan(result.smoothed_losses[-1])
    assert result.suggestion() < result.learning_rates[-1] / 2


def test_without_a_threshold_it_stops_where_nothing_is_finite():
    finder = ktk.callbacks.LearningRateFinder(
        1e-2, 1e4, steps=60, early_stop_threshold=None
    )
    result = search(compiled(), finder, epochs=50)
    assert not np.isfinite(result.losses[-1])
    assert np.isfinite(result.losses[:-1]).all()


def test_an_accumulated_step_has_the_mean_loss_of_its_batches():
    rate = 1e-12  # The weights stand still, so every loss is known.
    model = compiled(keras.optimizers.SGD(0.5, gradient_accumulation_steps=2))
    w, b = (np.asarray(v, "float64") for v in model.get_weights())
    each = [
        np.mean((x @ w + b - y) ** 2)
        for x, y in replay.batches(X, Y, BATCH, epochs=2)
    ]
    finder = ktk.callbacks.LearningRateFinder(rate, 2 * rate, steps=3)
    result = search(model, finder)
    expected = np.mean(np.reshape(each, (3, 2)), axis=1)
    np.testing.assert_allclose(result.losses, expected, rtol=1e-5)


def test_a_batch_that_loss_scaling_skips_is_no_step():
    optimizer = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(0.5), initial_scale=2.0**127
    )
    model = compiled(optimizer)
    finder = ktk.callbacks.LearningRateFinder(1e-12, 2e-12, steps=6)
    batches = []
    count = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: batches.append(batch)
    )
    model.fit(
        100 * X,
        Y,
        batch_size=40,
        epochs=30,
        verbose=0,
        callbacks=[finder, count],
    )
    assert len(finder.result.losses) == 6
    assert len(batches) > 8
    np.testing.assert_allclose(
        finder.result.losses, finder.result.losses[0], rtol=1e-5
    )


class Totals(keras.Model):
    """Logs a running mean under "loss" from a metric of another name."""

    def __init__(self):
        super().__init__()
        self.head = keras.layers.Dense(1)
        self.total = keras.metrics.Mean(name="total")

    def call(self, x):
        return self.head(x)

    @property
    def metrics(self):
        return [self.total]

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        loss = keras.ops.mean(keras.ops.square(y - y_pred))
        self.total.update_state(loss)
        return loss

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return {self.logged: self.total.result()}


def custom(logged):
    keras.utils.set_random_seed(0)
    model = Totals()
    model.logged = logged
    model(X[:1])
    model.compile(keras.optimizers.SGD(0.5))
    return model


def test_a_models_own_running_mean_is_of_one_batch_too():
    model = custom("loss")
    w, b = (np.asarray(v, "float64") for v in model.get_weights())
    finder = ktk.callbacks.LearningRateFinder(1e-12, 2e-12, steps=3)
    result = search(model, finder)
    each = [
        np.mean((x @ w + b - y) ** 2) for x, y in replay.batches(X, Y, BATCH)
    ]
    np.testing.assert_allclose(result.losses, each, rtol=1e-5)


def test_logs_without_a_loss_are_an_error():
    finder = ktk.callbacks.LearningRateFinder(1e-4, 1e-2, steps=3)
    with pytest.raises(ValueError, match=r"logs=\['total'\]"):
        search(custom("total"), finder)


def test_a_first_loss_that_is_not_finite_is_an_error_at_the_end():
    model = compiled(keras.optimizers.Adam(0.5))
    model.optimizer.build(model.trainable_variables)
    before = fit_state(model)
    finder = ktk.callbacks.LearningRateFinder(1e-4, 1e-2, steps=3)
    with pytest.raises(ValueError, match=r"any update\. Received: nan"):
        search(model, finder, y=Y * np.nan)
    assert finder.result is None
    assert "variables" not in changes(before, fit_state(model))


def test_a_fit_that_died_is_put_back_on_demand():
    model = compiled(keras.optimizers.Adam(0.5))
    model.optimizer.build(model.trainable_variables)
    before = fit_state(model)
    finder = ktk.callbacks.LearningRateFinder(1e-2, 1.0, steps=10)
    stop = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: 1 / 0
    )
    with pytest.raises(ZeroDivisionError):
        model.fit(X, Y, epochs=9, verbose=0, callbacks=[finder, stop])
    assert "variables" in changes(before, fit_state(model))
    with pytest.raises(ValueError, match=r"Call `put_back\(\)`"):
        model.fit(X, Y, epochs=9, verbose=0, callbacks=[finder])
    finder.put_back()
    assert set(changes(before, fit_state(model))) <= {
        "attributes",  # `history` is that of the `fit`
        "numpy",
        "tensorflow",
        "torch",
    }
    finder.put_back()


def beside(*callbacks):
    model = mlp()
    model.compile(keras.optimizers.SGD(0.1, momentum=0.5), "mse")
    model.fit(X, Y, epochs=9, verbose=0, callbacks=list(callbacks))


def a_momentum():
    schedule = ktk.schedules.Warmup(0.5, 4)
    return ktk.callbacks.HyperparameterSchedule(momentum=schedule)


REFUSED = {
    "a fit that is too short": (
        lambda f: search(compiled(), f, epochs=3),
        r"`steps` must be at most the 9 updates of this `fit`. Received: st",
    ),
    "after OneCycle": (
        lambda f: beside(ktk.callbacks.OneCycle(0.1), f),
        "in which OneCycle schedules `learning_rate`",
    ),
    "before OneCycle": (
        lambda f: beside(f, ktk.callbacks.OneCycle(0.1)),
        "Expected one curve for `learning_rate`",
    ),
    "before a schedule of momentum": (
        lambda f: beside(f, a_momentum()),
        "in which HyperparameterSchedule schedules `momentum`",
    ),
    "after FineTuning": (
        lambda f: beside(ktk.callbacks.FineTuning({0: 1}), f),
        "no callback that freezes or unfreezes",
    ),
    "before FineTuning": (
        lambda f: beside(f, ktk.callbacks.FineTuning({0: 1})),
        "no callback that freezes or unfreezes",
    ),
    "a compiled schedule": (
        lambda f: search(
            compiled(
                keras.optimizers.SGD(
                    keras.optimizers.schedules.CosineDecay(0.1, 10)
                )
            ),
            f,
        ),
        "must be a plain number where LearningRateFinder",
    ),
}
if not TORCH:  # Keras refuses it there.
    REFUSED["steps_per_execution"] = (
        lambda f: search(compiled(steps_per_execution=2), f),
        r"`steps_per_execution` must be 1 in a `fit` with LearningRateFinder",
    )


@pytest.mark.parametrize("use, message", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_searched_is_refused(use, message):
    finder = ktk.callbacks.LearningRateFinder(1e-4, 1e-2, steps=10)
    with pytest.raises(ValueError, match=message):
        use(finder)
    assert finder.result is None


def test_a_sibling_that_refuses_to_begin_leaves_nothing_of_the_search():
    model = compiled(keras.optimizers.SGD(0.1, momentum=0.5))
    callbacks = [
        ktk.callbacks.LearningRateFinder(1e-4, 1e-2, steps=10),
        ktk.callbacks.OneCycle(0.1),
    ]
    with pytest.raises(ValueError, match="Expected one curve"):
        model.fit(X, Y, epochs=9, verbose=0, callbacks=callbacks)
    assert "train_step" not in model.__dict__
    plain = {"batch_size": BATCH, "epochs": 9, "verbose": 0}
    history = model.fit(X, Y, callbacks=callbacks[:1], **plain).history
    assert len(history["loss"]) == 4
    assert len(callbacks[0].result.losses) == 10


def applied(optimizer, gradients, variables):
    optimizer.apply(gradients, variables)


def past_the_schedule(optimizer, gradients, variables):
    """Like a step that was compiled before the search began."""
    type(optimizer).apply(optimizer, gradients, variables)


def elsewhere(optimizer, gradients, variables):
    """Like a loop with an optimizer that the model does not know."""


def own_loop(model, finder, apply=applied):
    """Trains a `linear_model` on analytic gradients, as a `fit` would."""
    callbacks = keras.callbacks.CallbackList([finder], model=model)
    callbacks.set_params({"epochs": 4, "steps": 3})
    callbacks.on_train_begin()
    for epoch in range(4):
        callbacks.on_epoch_begin(epoch)
        for i, (x, y) in enumerate(replay.batches(X, Y, BATCH)):
            w, b = (np.asarray(v, "float64") for v in model.get_weights())
            error = x @ w + b - y
            gradients = [2 * x.T @ error / y.size, 2 * error.mean(axis=0)]
            tensors = [keras.ops.cast(g, "float32") for g in gradients]
            apply(model.optimizer, tensors, model.trainable_variables)
            callbacks.on_train_batch_end(i, {"loss": np.mean(error**2)})
            if model.stop_training:
                break
        callbacks.on_epoch_end(epoch)
        if model.stop_training:
            break
    callbacks.on_train_end()


def test_a_loop_of_ones_own_is_searched_like_a_fit():
    model = compiled()
    before = model.get_weights()
    finder = ktk.callbacks.LearningRateFinder(1e-4, 0.1, steps=10)
    fitted = search(compiled(), finder)
    own_loop(model, finder)
    assert finder.result is not fitted
    np.testing.assert_allclose(finder.result.losses, fitted.losses, rtol=1e-4)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    assert int(model.optimizer.iterations) == 0


UNSEEN = {
    "past the schedule": (past_the_schedule, "compiled before the run"),
    "elsewhere": (elsewhere, "It counts 0 where 1 are expected"),
}


@pytest.mark.parametrize("apply, message", UNSEEN.values(), ids=UNSEEN)
def test_a_loop_that_the_rates_do_not_reach_is_an_error(apply, message):
    finder = ktk.callbacks.LearningRateFinder(1e-4, 0.1, steps=10)
    with pytest.raises(ValueError, match=message):
        own_loop(compiled(), finder, apply)
    assert finder.result is None


def test_a_model_with_nothing_trainable_is_refused_and_says_so():
    model = linear_model()
    model.trainable = False
    model.compile(keras.optimizers.SGD(0.5), "mse")
    finder = ktk.callbacks.LearningRateFinder(1e-4, 0.1, steps=10)
    with pytest.raises(ValueError, match="nothing is trainable"):
        search(model, finder)
    assert finder.result is None


def test_bad_arguments_are_refused_at_once():
    with pytest.raises(ValueError, match="`max_lr` must be a finite number"):
        ktk.callbacks.LearningRateFinder(1.0, 0.1)


def test_the_plot_is_the_results():
    finder = ktk.callbacks.LearningRateFinder(1e-4, 0.1, steps=10)
    with pytest.raises(ValueError, match=r"before `plot\(\)`"):
        finder.plot()
    search(compiled(), finder)
    assert finder.plot().get_xlabel() == "learning rate"
    pyplot.close("all")


def test_a_callback_is_used_twice():
    model, finder = (
        compiled(),
        ktk.callbacks.LearningRateFinder(1e-4, 0.1, steps=10),
    )
    first = search(model, finder)
    second = search(model, finder)
    np.testing.assert_array_equal(first.losses, second.losses)


def test_a_callback_without_a_list():
    model, finder = (
        compiled(),
        ktk.callbacks.LearningRateFinder(1e-4, 0.1, steps=10),
    )
    listed = search(model, finder)
    options = {"batch_size": BATCH, "epochs": 4, "shuffle": False}
    model.fit(X, Y, verbose=0, callbacks=finder, **options)
    np.testing.assert_array_equal(finder.result.losses, listed.losses)


def test_a_list_of_ones_own_is_used_twice():
    model, finder = (
        compiled(),
        ktk.callbacks.LearningRateFinder(1e-4, 0.1, steps=4),
    )
    callbacks = keras.callbacks.CallbackList([finder], True, model=model)
    callbacks.set_params({"epochs": 4, "steps": None})
    results = []
    for _ in range(2):
        model.fit(
            X, Y, batch_size=BATCH, epochs=4, verbose=0, callbacks=callbacks
        )
        results.append(finder.result)
    assert results[0] is not results[1]
    assert int(model.optimizer.iterations) == 0
