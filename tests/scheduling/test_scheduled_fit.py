"""One owner per hyperparameter, and nobody overwrites it in silence."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.scheduling.active_fit import active_fit
from keras_trainkit.scheduling.learning_rate import found_rate
from keras_trainkit.scheduling.learning_rate import scaled
from keras_trainkit.scheduling.scheduled_fit import join_fit
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data

X, Y = regression_data(64)


def compiled():
    model = linear_model()
    model.compile(keras.optimizers.SGD(0.01, momentum=0.5), "mse")
    return model


def fit(model, callbacks, epochs=2):
    return model.fit(
        X, Y, batch_size=16, epochs=epochs, verbose=0, callbacks=callbacks
    )


class At(keras.callbacks.Callback):
    """Calls `act(model)` at one hook."""

    def __init__(self, hook, act):
        super().__init__()
        setattr(self, hook, lambda *args, **kwargs: act(self.model))


def set_rate(model):
    model.optimizer.learning_rate = 0.5


def assign_rate(model):
    model.optimizer.learning_rate.assign(0.5)


def set_schedule(model):
    decay = keras.optimizers.schedules.CosineDecay(0.1, 10)
    model.optimizer.learning_rate = decay


def set_momentum(model):
    model.optimizer.momentum = 0.1


FOREIGN = {
    "LearningRateScheduler": lambda: keras.callbacks.LearningRateScheduler(
        lambda epoch: 0.5
    ),
    "ReduceLROnPlateau": lambda: keras.callbacks.ReduceLROnPlateau(
        monitor="loss", patience=0, min_delta=1e9
    ),
    "rate before a batch": lambda: At("on_train_batch_begin", set_rate),
    "rate after a batch": lambda: At("on_train_batch_end", set_rate),
    "rate assigned": lambda: At("on_epoch_begin", assign_rate),
    "schedule": lambda: At("on_epoch_begin", set_schedule),
    "momentum": lambda: At("on_epoch_begin", set_momentum),
    "momentum after a batch": lambda: At("on_train_batch_end", set_momentum),
}


@pytest.mark.parametrize("foreign_first", [True, False])
@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_writer_is_an_error(name, foreign_first):
    model = compiled()
    callbacks = [ktk.callbacks.OneCycle(0.1), FOREIGN[name]()]
    with pytest.raises(ValueError, match="OneCycle during this `fit`"):
        fit(model, callbacks[:: -1 if foreign_first else 1])


def test_after_the_error_the_old_rate_is_back():
    model = compiled()
    with pytest.raises(ValueError, match="OneCycle"):
        fit(model, [ktk.callbacks.OneCycle(0.1), At("on_epoch_end", set_rate)])
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)
    model.optimizer.learning_rate = 0.2
    assert float(model.optimizer.learning_rate) == pytest.approx(0.2)


def test_readers_are_welcome():
    seen = []
    read = At(
        "on_train_batch_end",
        lambda model: seen.append(float(model.optimizer.learning_rate)),
    )
    one_cycle = ktk.callbacks.OneCycle(0.1)
    fit(compiled(), [read, one_cycle])
    np.testing.assert_allclose(
        seen, one_cycle.trace()["learning_rate"], rtol=1e-5, atol=1e-9
    )


def test_the_rate_shown_before_the_first_update_is_the_first_one():
    seen = []
    read = At(
        "on_train_batch_begin",
        lambda model: seen.append(float(model.optimizer.learning_rate)),
    )
    one_cycle = ktk.callbacks.OneCycle(0.1)
    fit(compiled(), [one_cycle, read])
    assert seen[0] == pytest.approx(one_cycle.trace()["learning_rate"][0])


def test_another_optimizer_in_the_middle_is_an_error():
    def recompile(model):
        model.compile(keras.optimizers.SGD(0.02), "mse")
        model.make_train_function()

    with pytest.raises(ValueError, match=r"another `model\.optimizer`"):
        fit(
            compiled(),
            [ktk.callbacks.OneCycle(0.1), At("on_epoch_begin", recompile)],
        )


def test_two_curves_for_one_hyperparameter():
    model = compiled()
    before = model.get_weights()
    with pytest.raises(ValueError, match="Remove one of the two callbacks"):
        fit(model, [ktk.callbacks.OneCycle(0.1), ktk.callbacks.OneCycle(0.2)])
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)
    assert active_fit(model) is None


def test_loading_optimizer_state_after_a_crash_is_kept(tmp_path):
    model = compiled()
    fit(model, [])
    model.optimizer.learning_rate = 0.3
    model.save_weights(tmp_path / "w.weights.h5")

    def crash(model):
        raise RuntimeError("planned")

    with pytest.raises(RuntimeError, match="planned"):
        fit(model, [ktk.callbacks.OneCycle(0.1), At("on_epoch_end", crash)])
    model.load_weights(tmp_path / "w.weights.h5")
    assert float(model.optimizer.learning_rate) == pytest.approx(0.3)
    fit(model, [])
    assert float(model.optimizer.learning_rate) == pytest.approx(0.3)


def test_named_factors_multiply_the_curve_from_the_next_update_on():
    def halve(model):
        run = active_fit(model)
        if run.counter.updates() == 4:
            run.set_factor("learning_rate", "half", 0.5)
            run.set_factor("learning_rate", "third", 1 / 3)

    seen = []
    read = At(
        "on_train_batch_end",
        lambda model: seen.append(float(model.optimizer.learning_rate)),
    )
    one_cycle = ktk.callbacks.OneCycle(0.1)
    fit(compiled(), [one_cycle, At("on_epoch_begin", halve), read])
    plain = ktk.callbacks.OneCycle(0.1)
    fit(compiled(), [plain])
    expected = plain.trace()["learning_rate"] * np.repeat([1, 1 / 6], 4)
    np.testing.assert_allclose(one_cycle.trace()["learning_rate"], expected)
    np.testing.assert_allclose(seen, expected, rtol=1e-5, atol=1e-9)


def test_what_was_found_makes_way_for_a_curve_but_not_for_itself():
    model = compiled()
    run = join_fit(model)
    rate = found_rate(model.optimizer, 0.01)
    found = run.claim_found("Found", rate)
    curve = run.claim("Curve", "learning_rate", lambda p, xp, dtype: 0.5)
    run.start([curve], 0)
    assert float(model.optimizer.learning_rate) == 0.5
    with pytest.raises(ValueError, match="Curve has it in this `fit`"):
        run.claim_found("Found", rate)
    run.release([found])
    assert active_fit(model) is run
    run.release([curve])
    assert active_fit(model) is None
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)


def test_a_found_schedule_is_scaled_for_good_and_put_back():
    model = linear_model()
    decay = keras.optimizers.schedules.InverseTimeDecay(0.1, 4, 0.5)
    model.compile(keras.optimizers.SGD(decay), "mse")
    run = join_fit(model)
    found = run.claim_found("Found", found_rate(model.optimizer, None))
    run.start([found], None)
    run.optimizer.scale_base(lambda schedule: scaled(schedule, 0.5))
    run.set_factor("learning_rate", "half", 0.5)
    model.train_on_batch(X[:16], Y[:16])
    assert run.last_value("learning_rate") == pytest.approx(0.05)
    run.optimizer.refuse_foreign_changes()
    run.release([found])
    assert float(model.optimizer.learning_rate) == pytest.approx(0.05 / 1.125)


def test_a_recompiled_model_forgets_a_crashed_run():
    def crash(model):
        raise RuntimeError("planned")

    model = compiled()
    with pytest.raises(RuntimeError, match="planned"):
        fit(model, [ktk.callbacks.OneCycle(0.1), At("on_epoch_end", crash)])
    model.compile(keras.optimizers.Adam(0.02), "mse")
    fit(model, [])
    assert float(model.optimizer.learning_rate) == pytest.approx(0.02)
    assert active_fit(model) is None
