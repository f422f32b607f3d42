"""When a curve begins and ends, and that everything is given back."""

import copy
import pickle
from functools import partial

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.callbacks.bases.scheduled_callback import ScheduledCallback
from tests.helpers import pairwise
from tests.helpers import younger
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data

RATE, MOMENTUM = 0.01, 0.5
X, Y = regression_data(64)


def compiled(momentum=MOMENTUM, **options):
    model = linear_model()
    model.compile(keras.optimizers.SGD(RATE, momentum=momentum), "mse")
    return model


def fit(model, callbacks, **options):
    arguments = {"batch_size": 16, "epochs": 2, "verbose": 0, "shuffle": False}
    return model.fit(X, Y, callbacks=callbacks, **{**arguments, **options})


def assert_given_back(model):
    optimizer = model.optimizer
    assert type(optimizer.momentum) is float
    assert optimizer.momentum == MOMENTUM
    assert float(optimizer.learning_rate) == pytest.approx(RATE)
    assert type(optimizer.learning_rate).__mro__[1].__name__ != "_Lent"
    config = optimizer.get_config()
    assert config["momentum"] == MOMENTUM
    assert config["learning_rate"] == pytest.approx(RATE)


class DropsMomentum(ScheduledCallback):
    """The smallest subclass: momentum halves at every update."""

    def curves(self, optimizer):
        return {"momentum": lambda position, xp, dtype: self.at(position, xp)}

    def at(self, position, xp):
        return xp.power(0.5, position + 1)


def test_a_subclass_says_only_which_curves():
    callback = DropsMomentum()
    history = fit(compiled(), [callback]).history
    assert history["momentum"] == [0.5**4, 0.5**8]
    np.testing.assert_allclose(
        callback.trace()["momentum"], 0.5 ** np.arange(1, 9)
    )
    assert "learning_rate" not in history


def test_history_holds_each_epochs_last_values():
    one_cycle = ktk.callbacks.OneCycle(0.1)
    history = fit(compiled(), [one_cycle]).history
    trace = one_cycle.trace()
    assert history["learning_rate"] == trace["learning_rate"][[3, 7]].tolist()
    assert history["momentum"] == trace["momentum"][[3, 7]].tolist()


def test_everything_is_given_back_after_fit():
    fit(model := compiled(), [ktk.callbacks.OneCycle(0.1)])
    assert_given_back(model)
    assert "make_train_function" not in model.__dict__
    assert "apply" not in model.optimizer.__dict__


def test_a_plain_fit_afterwards_is_a_plain_fit(tmp_path):
    fit(model := compiled(), [ktk.callbacks.OneCycle(0.1)])
    assert_trains_plainly(model, tmp_path)


def assert_trains_plainly(model, tmp_path):
    """`model` trains as its copy from disk, which was never scheduled."""
    model.save(tmp_path / "model.keras")
    twin = keras.models.load_model(tmp_path / "model.keras")
    assert twin.optimizer.momentum == MOMENTUM
    assert float(twin.optimizer.learning_rate) == pytest.approx(RATE)
    fit(model, [])
    fit(twin, [])
    for ours, theirs in zip(
        model.get_weights(), twin.get_weights(), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)


class Crash(keras.callbacks.Callback):
    """Raises at one hook, once."""

    def __init__(self, hook, error):
        super().__init__()
        self.error = error
        setattr(self, hook, self.crash)

    def crash(self, *args, **kwargs):
        raise self.error("planned")


HOOKS = [
    "on_train_begin",
    "on_epoch_begin",
    "on_train_batch_end",
    "on_epoch_end",
    "on_train_end",
]


@pytest.mark.parametrize(
    "hook, first, error",
    pairwise.cases(HOOKS, [True, False], [RuntimeError, KeyboardInterrupt]),
)
def test_what_a_dying_fit_leaves_behind(hook, first, error):
    model = compiled()
    callbacks = [ktk.callbacks.OneCycle(0.1), Crash(hook, error)]
    with pytest.raises(error, match="planned"):
        fit(model, callbacks[:: -1 if first else 1])
    assert_given_back(model)


@pytest.mark.parametrize("next_use", ["fit", "train_on_batch", "save"])
def test_the_next_use_after_a_crash_is_plain(next_use, tmp_path):
    model = compiled()
    with pytest.raises(RuntimeError, match="planned"):
        fit(
            model,
            [
                ktk.callbacks.OneCycle(0.1),
                Crash("on_train_batch_end", RuntimeError),
            ],
        )
    if next_use == "train_on_batch":
        model.train_on_batch(X[:16], Y[:16])
    if next_use == "save":
        model.save(tmp_path / "after.keras")
    assert_trains_plainly(model, tmp_path)
    assert "make_train_function" not in model.__dict__


def test_a_crash_in_the_data():
    def broken():
        yield X[:16], Y[:16]
        raise OSError("planned")

    model = compiled()
    with pytest.raises(Exception, match="planned"):
        model.fit(
            broken(),
            steps_per_epoch=4,
            verbose=0,
            callbacks=[ktk.callbacks.OneCycle(0.1)],
        )
    assert_given_back(model)


class DiesOnce(keras.Sequential):
    """Raises in the first step, where JAX has the state out of the model."""

    dead = False

    def train_step(self, *args):
        if not self.dead:
            self.dead = True
            raise RuntimeError("planned")
        return super().train_step(*args)


def test_a_crash_in_the_first_step():
    model = DiesOnce([keras.Input((8,)), keras.layers.Dense(1)])
    weights = linear_model().get_weights()
    optimizer = keras.optimizers.SGD(RATE, momentum=MOMENTUM)
    model.compile(optimizer, "mse")
    with pytest.raises(RuntimeError, match="planned"):
        fit(model, [one_cycle := ktk.callbacks.OneCycle(0.1)])
    assert optimizer.get_config()["learning_rate"] == pytest.approx(RATE)
    assert_given_back(model)
    assert len(one_cycle.trace()["step"]) == 0
    model.compile(keras.optimizers.SGD(RATE, momentum=MOMENTUM), "mse")
    model.set_weights(weights)
    fit(model, [])
    fit(plain := compiled(), [])
    np.testing.assert_allclose(
        model.get_weights()[0], plain.get_weights()[0], rtol=1e-5
    )


def test_a_new_cycle_after_a_crash():
    model, one_cycle = compiled(), ktk.callbacks.OneCycle(0.1)
    with pytest.raises(RuntimeError, match="planned"):
        fit(model, [one_cycle, Crash("on_train_batch_end", RuntimeError)])
    fit(model, [one_cycle])
    assert one_cycle.trace()["step"].tolist() == list(range(8))
    assert_given_back(model)


def test_a_second_fit_starts_a_new_cycle():
    model, one_cycle = compiled(), ktk.callbacks.OneCycle(0.1)
    first = fit(model, [one_cycle]).history["learning_rate"]
    assert fit(model, [one_cycle]).history["learning_rate"] == first
    assert_given_back(model)


@pytest.mark.parametrize("reuse", ["same optimizer", "loaded weights only"])
def test_a_resumed_run_continues_the_curve(reuse):
    whole = ktk.callbacks.OneCycle(0.1)
    fit(compiled(), [whole], epochs=4)
    model, half = compiled(), ktk.callbacks.OneCycle(0.1, total_steps=16)
    fit(model, [half], epochs=2)
    if reuse == "loaded weights only":
        model = compiled()
    rest = ktk.callbacks.OneCycle(0.1)
    fit(model, [rest], epochs=4, initial_epoch=2)
    joined = np.concatenate(
        [half.trace()["learning_rate"], rest.trace()["learning_rate"]]
    )
    np.testing.assert_array_equal(joined, whole.trace()["learning_rate"])


@pytest.mark.parametrize("backup_first", [True, False])
def test_a_crashed_run_resumes_from_its_backup(backup_first, tmp_path):
    def run(model, *extra):
        one_cycle = ktk.callbacks.OneCycle(0.1)
        backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
        order = [backup, one_cycle] if backup_first else [one_cycle, backup]
        fit(model, [*order, *extra], epochs=4)

    fit(whole := compiled(), [ktk.callbacks.OneCycle(0.1)], epochs=4)

    class DieInThirdEpoch(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise RuntimeError("planned")

    with pytest.raises(RuntimeError, match="planned"):
        run(compiled(), DieInThirdEpoch())
    resumed = compiled()
    run(resumed)
    for ours, theirs in zip(
        resumed.get_weights(), whole.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    assert_given_back(resumed)


def test_updates_beyond_the_cycle_use_its_last_values():
    one_cycle = ktk.callbacks.OneCycle(0.1, total_steps=5)
    fit(compiled(), [one_cycle])
    rates = one_cycle.trace()["learning_rate"]
    assert len(rates) == 8
    np.testing.assert_array_equal(rates[4:], rates[4])


def generator():
    while True:
        yield X[:16], Y[:16]


def test_unknown_length_raises_and_says_what_to_pass():
    def endless_once():
        yield X[:16], Y[:16]

    model = compiled()
    with pytest.raises(ValueError, match="`total_steps` to OneCycle"):
        model.fit(
            endless_once(), verbose=0, callbacks=[ktk.callbacks.OneCycle(0.1)]
        )
    assert_given_back(model)


def test_a_generator_with_steps_per_epoch():
    one_cycle = ktk.callbacks.OneCycle(0.1)
    compiled().fit(
        generator(),
        steps_per_epoch=5,
        epochs=2,
        verbose=0,
        callbacks=[one_cycle],
    )
    assert len(one_cycle.trace()["step"]) == 10


def test_the_partial_last_batch_counts():
    one_cycle = ktk.callbacks.OneCycle(0.1)
    fit(compiled(), [one_cycle], batch_size=20)
    assert len(one_cycle.trace()["step"]) == 2 * 4


def test_a_checkpoint_holds_plain_momentum_and_the_current_rate(tmp_path):
    one_cycle = ktk.callbacks.OneCycle(0.1)
    path = tmp_path / "epoch{epoch}.keras"
    fit(compiled(), [one_cycle, keras.callbacks.ModelCheckpoint(path)])
    loaded = keras.models.load_model(tmp_path / "epoch1.keras")
    assert loaded.optimizer.momentum == MOMENTUM
    assert float(loaded.optimizer.learning_rate) == pytest.approx(
        one_cycle.trace()["learning_rate"][3]
    )
    fit(loaded, [])


def test_validation_and_early_stopping_in_the_same_fit():
    one_cycle = ktk.callbacks.OneCycle(0.1)
    stop = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=0, restore_best_weights=True, mode="max"
    )
    model = compiled()
    fit(model, [one_cycle, stop], epochs=8, validation_data=(X, Y))
    assert 0 < len(one_cycle.trace()["step"]) < 32
    assert_given_back(model)


def test_a_callback_without_a_list():
    one_cycle = ktk.callbacks.OneCycle(0.1)
    fit(model := compiled(), one_cycle)
    assert len(one_cycle.trace()["step"]) == 8
    assert_given_back(model)


def custom_loop(model, begin, callbacks):
    """Two epochs of four batches, the callbacks begun by `begin`."""
    begin(callbacks)
    rates = []
    for epoch in range(2):
        callbacks.on_epoch_begin(epoch)
        for i in range(0, 64, 16):
            model.train_on_batch(X[i : i + 16], Y[i : i + 16])
            rates.append(float(model.optimizer.learning_rate))
        callbacks.on_epoch_end(epoch, {})
    callbacks.on_train_end()
    return rates


def test_a_custom_loop_that_tells_no_lengths():
    one_cycle = ktk.callbacks.OneCycle(0.1, total_steps=8)
    callbacks = keras.callbacks.CallbackList([one_cycle], model=compiled())
    callbacks.on_train_begin()
    rates = custom_loop(callbacks.model, lambda callbacks: None, callbacks)
    np.testing.assert_allclose(
        rates, one_cycle.trace()["learning_rate"], atol=1e-8
    )
    assert_given_back(callbacks.model)


def test_a_custom_loop_must_pass_the_length_that_it_does_not_tell():
    one_cycle = ktk.callbacks.OneCycle(0.1)
    callbacks = keras.callbacks.CallbackList([one_cycle], model=compiled())
    with pytest.raises(ValueError, match="`total_steps` to OneCycle"):
        callbacks.on_train_begin()


def begin(callbacks):
    callbacks.on_train_begin()


def test_a_run_begun_in_a_helper():
    one_cycle = ktk.callbacks.OneCycle(0.1, total_steps=8)
    callbacks = keras.callbacks.CallbackList([one_cycle], model=compiled())
    rates = custom_loop(callbacks.model, begin, callbacks)
    np.testing.assert_allclose(
        rates, one_cycle.trace()["learning_rate"], atol=1e-8
    )
    assert_given_back(callbacks.model)


def test_a_loop_that_dies_after_a_helper_began_it():
    def loop(callbacks):
        begin(callbacks)
        callbacks.on_epoch_begin(0)
        raise RuntimeError("planned")

    one_cycle = ktk.callbacks.OneCycle(0.1, total_steps=8)
    callbacks = keras.callbacks.CallbackList([one_cycle], model=compiled())
    with pytest.raises(RuntimeError, match="planned"):
        loop(callbacks)
    assert_given_back(callbacks.model)


def test_one_callback_in_two_runs_at_a_time_is_an_error():
    outer, one_cycle = compiled(), ktk.callbacks.OneCycle(0.1)

    class FitsAnother(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            fit(compiled(), [one_cycle])

    with pytest.raises(ValueError, match="in the run that it began with"):
        fit(outer, [one_cycle, FitsAnother()])
    assert_given_back(outer)


@pytest.mark.parametrize("why", ["no epoch left", "died before the first"])
def test_a_fit_without_updates_has_an_empty_trace(why):
    model, one_cycle = compiled(), ktk.callbacks.OneCycle(0.1)
    fit(model, [])
    if why == "no epoch left":
        fit(model, [one_cycle], initial_epoch=2)
    else:
        with pytest.raises(RuntimeError, match="planned"):
            fit(model, [one_cycle, Crash("on_train_begin", RuntimeError)])
    assert len(one_cycle.trace()["step"]) == 0


def test_a_compiled_schedule_has_the_rate_already():
    model = linear_model()
    decay = keras.optimizers.schedules.CosineDecay(0.1, 10)
    model.compile(keras.optimizers.SGD(decay), "mse")
    with pytest.raises(ValueError, match="Compile the optimizer with a float"):
        fit(model, [ktk.callbacks.OneCycle(0.1)])


@younger.needs_multi_optimizer
def test_multi_optimizer_has_no_single_rate():
    from keras.optimizers import MultiOptimizer
    from keras.optimizers import OptimizerMap

    model = linear_model()
    optimizers = OptimizerMap(keras.optimizers.SGD(0.1))
    model.compile(MultiOptimizer(lambda v: optimizers[v.path]), "mse")
    with pytest.raises(ValueError, match="MultiOptimizer"):
        fit(model, [ktk.callbacks.OneCycle(0.1)])


CURVES = {
    "OneCycle": lambda: ktk.callbacks.OneCycle(0.1),
    "a schedule": lambda: ktk.callbacks.HyperparameterSchedule(
        learning_rate=ktk.schedules.Warmup(0.1, 4)
    ),
    "a table": lambda: ktk.callbacks.HyperparameterSchedule(
        momentum=partial(min, 0.9)
    ),
    "RaiseLROnPlateau": lambda: ktk.callbacks.RaiseLROnPlateau("loss"),
}


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.filterwarnings("ignore:Skipping variable loading")
def test_a_used_callback_can_be_copied_and_pickled(name):
    """scikit-learn clones what it is given, also after a `fit`."""
    used = CURVES[name]()
    fit(compiled(), [used])
    for copied in (copy.deepcopy(used), pickle.loads(pickle.dumps(used))):
        fit(model := compiled(), [copied])
        assert_given_back(model)
        for ours, theirs in zip(
            copied.trace().values(), used.trace().values(), strict=True
        ):
            np.testing.assert_array_equal(ours, theirs)


class Adversaries(keras.Sequential):
    """As of a GAN: its train step has an optimizer of its own."""

    def train_step(self, *args):
        if keras.backend.backend() != "jax":
            return {"loss": keras.ops.zeros(())}
        return {"loss": keras.ops.zeros(())}, args[0]


@pytest.mark.parametrize("name", CURVES)
def test_an_optimizer_that_the_train_step_does_not_use(name):
    model = Adversaries([keras.Input((X.shape[1],)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(RATE, momentum=MOMENTUM), "mse")
    with pytest.raises(ValueError, match="made no update in this epoch"):
        fit(model, [CURVES[name]()])
    assert_given_back(model)
