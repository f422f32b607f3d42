"""The curves of one callback: laid out over what, checked when, given back."""

import keras
import pytest

import keras_trainkit as ktk
from keras_trainkit.scheduling.curves_in_fit import CurvesInFit
from tests.helpers.compiled_by_hand import compiled_by_hand
from tests.helpers.models import linear_model
from tests.helpers.scheduled_run import BATCH
from tests.helpers.scheduled_run import EPOCHS
from tests.helpers.scheduled_run import MOMENTUM
from tests.helpers.scheduled_run import RATE
from tests.helpers.scheduled_run import STEPS
from tests.helpers.scheduled_run import X
from tests.helpers.scheduled_run import Y
from tests.helpers.scheduled_run import assert_given_back
from tests.helpers.scheduled_run import compiled

BACKEND = keras.backend.backend()
S = keras.optimizers.schedules


def half(position, xp, dtype):
    return 0.5


def test_all_curves_are_taken_or_none():
    model = compiled()
    curves = CurvesInFit("Tester", model, RATE)
    with pytest.raises(ValueError, match="`weight_decay` must be used by"):
        curves.take({"learning_rate": half, "weight_decay": half})
    assert_given_back(model)


def test_the_rate_before_any_callback_acted_is_given_back():
    model = compiled()
    model.optimizer.learning_rate = 0.3  # as a backup is loaded
    curves = CurvesInFit("Tester", model, RATE)
    curves.take({"learning_rate": half})
    curves.begin_epoch(lambda: 0)
    model.train_on_batch(X[:BATCH], Y[:BATCH])
    curves.end_epoch(logs := {}, None, one_update_per_batch=True)
    assert logs == {"learning_rate": 0.5}
    curves.end()
    assert_given_back(model)


def test_a_found_rate_shows_the_curve_that_took_its_place():
    model = compiled()
    found = CurvesInFit("Found", model, RATE)
    found.take_found_rate()
    curves = CurvesInFit("Tester", model, RATE)
    curves.take({"learning_rate": half})
    found.begin_epoch(None)
    curves.begin_epoch(lambda: 0)
    model.train_on_batch(X[:BATCH], Y[:BATCH])
    assert found.trace()["learning_rate"].tolist() == [0.5]
    found.end()
    curves.end()
    assert_given_back(model)


# A train step that applies the optimizer more than once, or less often.


class Times(keras.Sequential):
    """Applies the optimizer `times` times to each batch."""

    times = 2

    def train_step(self, *args):
        if BACKEND == "jax":
            state, data = args
            for _ in range(self.times):
                logs, state = super().train_step(state, data)
            return logs, state
        for _ in range(self.times):
            logs = super().train_step(*args)
        return logs


class EverySecond(keras.Sequential):
    """Accumulates gradients by hand: applies every second batch."""

    batches = 0

    def train_step(self, *args):
        self.batches += 1
        if self.batches % 2 == 0:
            return super().train_step(*args)
        logs = {"loss": keras.ops.zeros(())}
        return (logs, args[0]) if BACKEND == "jax" else logs


def fit(model, *callbacks, **options):
    arguments = {"batch_size": BATCH, "epochs": EPOCHS, "verbose": 0}
    model.fit(
        X, Y, shuffle=False, callbacks=list(callbacks),
        **{**arguments, **options},
    )  # fmt: skip


def twice():
    return compiled(Times([keras.Input((X.shape[1],)), keras.layers.Dense(1)]))


LAID_OVER_BATCHES = {
    "OneCycle": lambda: ktk.callbacks.OneCycle(0.1),
    "of epochs": lambda: ktk.callbacks.HyperparameterSchedule(
        S.CosineDecay(0.1, 12), unit="epoch"
    ),
    "a table": lambda: ktk.callbacks.HyperparameterSchedule(
        momentum=lambda update: 0.01 * update
    ),
}


@pytest.mark.parametrize("name", LAID_OVER_BATCHES)
def test_twice_a_batch_is_an_error_that_says_so(name):
    model = twice()
    with pytest.raises(ValueError, match="applies it 2 times"):
        fit(model, LAID_OVER_BATCHES[name](), epochs=4)
    assert_given_back(model)


COUNTED_IN_UPDATES = {
    "OneCycle": lambda: ktk.callbacks.OneCycle(0.1, total_steps=16),
    "of updates": lambda: ktk.callbacks.HyperparameterSchedule(
        S.CosineDecay(0.1, 12), unit="update"
    ),
}


@pytest.mark.parametrize("name", COUNTED_IN_UPDATES)
def test_a_curve_that_counts_updates_may_go_on_twice_a_batch(name):
    model, callback = twice(), COUNTED_IN_UPDATES[name]()
    fit(model, callback)
    assert len(callback.trace()["step"]) == 2 * STEPS * EPOCHS
    assert_given_back(model)


def test_a_resumed_run_cannot_tell_where_it_was():
    callback = COUNTED_IN_UPDATES["OneCycle"]()
    with pytest.raises(ValueError, match="applies it 2 times"):
        fit(twice(), callback, initial_epoch=1)


# Keras refuses several steps in a call on torch.
@pytest.mark.parametrize("per_call", [1] if BACKEND == "torch" else [1, 8])
def test_twice_a_batch_in_a_call_of_several_steps(per_call):
    model = twice()
    model.compile(model.optimizer, "mse", steps_per_execution=per_call)
    with pytest.raises(ValueError, match="applies it 2 times"):
        fit(model, ktk.callbacks.OneCycle(0.1))


def test_every_second_batch_is_an_error_that_says_so():
    model = EverySecond([keras.Input((X.shape[1],)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(RATE), "mse", run_eagerly=True)
    with pytest.raises(ValueError, match=r"applies it 0\.5 times"):
        fit(model, ktk.callbacks.OneCycle(0.1))


# Nothing to train.


def frozen():
    model = linear_model()
    model.trainable = False
    return compiled(model)


@pytest.mark.filterwarnings("ignore:The model does not have any trainable")
def test_nothing_trainable_says_so_first():
    with pytest.raises(ValueError, match="Received: one in which nothing is"):
        fit(frozen(), ktk.callbacks.OneCycle(0.1))


@pytest.mark.filterwarnings("ignore:The model does not have any trainable")
@pytest.mark.parametrize("name", ["RaiseLROnPlateau", "a constant schedule"])
def test_a_constant_on_a_model_with_nothing_trainable(name):
    callback = {
        "RaiseLROnPlateau": lambda: ktk.callbacks.RaiseLROnPlateau("loss"),
        "a constant schedule": lambda: ktk.callbacks.HyperparameterSchedule(
            S.ExponentialDecay(0.1, 10, 1.0)
        ),
    }[name]()
    fit(model := frozen(), callback)
    assert len(callback.trace()["step"]) == 0
    assert_given_back(model)


@pytest.mark.skipif(BACKEND == "torch", reason="torch compiles no step by hand")
def test_a_train_step_that_its_author_compiled_is_refused():
    class Decorated(keras.Sequential):
        train_step = compiled_by_hand(keras.Sequential.train_step)

    model = compiled(Decorated([keras.Input((3,)), keras.layers.Dense(1)]))
    with pytest.raises(ValueError, match="Take the decorator off"):
        CurvesInFit("Tester", model, RATE)
    assert_given_back(model)


@pytest.mark.skipif(BACKEND == "torch", reason="torch compiles no step by hand")
def test_a_compiled_function_inside_of_a_train_step_is_refused():
    class Inside(keras.Sequential):
        inner = compiled_by_hand(keras.Sequential.train_step)

        def train_step(self, *args):
            return self.inner(*args)

    layers = [keras.Input(X.shape[1:]), keras.layers.Dense(1)]
    model = compiled(Inside(layers))
    weights = model.get_weights()
    with pytest.raises(ValueError, match="Take the decorator off"):
        fit(model, ktk.callbacks.OneCycle(0.1))
    assert float(model.optimizer.learning_rate) == pytest.approx(RATE)
    model, plain = compiled(Inside(layers)), compiled(keras.Sequential(layers))
    for one in (model, plain):
        one.set_weights(weights)
        fit(one)
    assert model.get_weights()[0] == pytest.approx(plain.get_weights()[0])


@pytest.mark.parametrize("scale", [None, "loss scale"])
def test_a_cond_around_apply_is_no_decorator(scale):
    optimizer = keras.optimizers.SGD(RATE, momentum=MOMENTUM)
    if scale:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    model = linear_model()
    model.compile(optimizer, "mse")
    cycle = ktk.callbacks.OneCycle(0.1)
    fit(model, cycle)
    assert len(cycle.trace()["learning_rate"]) == STEPS * EPOCHS
