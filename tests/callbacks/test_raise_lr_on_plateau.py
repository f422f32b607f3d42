"""Which epochs RaiseLROnPlateau kicks, what is refused, what is said."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.kicked_fit import BATCH
from tests.helpers.kicked_fit import EPOCHS
from tests.helpers.kicked_fit import FACTOR
from tests.helpers.kicked_fit import KICKED
from tests.helpers.kicked_fit import RATE
from tests.helpers.kicked_fit import STEPS
from tests.helpers.kicked_fit import XLA
from tests.helpers.kicked_fit import Score
from tests.helpers.kicked_fit import X
from tests.helpers.kicked_fit import Y
from tests.helpers.kicked_fit import compiled
from tests.helpers.kicked_fit import decaying
from tests.helpers.kicked_fit import fit
from tests.helpers.kicked_fit import kicks
from tests.helpers.kicked_fit import per_update
from tests.helpers.kicked_fit import rate_of
from tests.helpers.kicked_fit import sgd
from tests.helpers.models import linear_model


def test_without_a_plateau_nothing_changes():
    fit(kicked := compiled(decaying()), kicks(), scores=range(9, 0, -1))
    fit(plain := compiled(decaying()))
    for ours, theirs in zip(
        kicked.get_weights(), plain.get_weights(), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    "scores, mode, kicked",
    [
        ([1, 2, 3, 4, 5], "max", []),
        ([1, 2, 3, 4, 5], "min", [3]),
        ([5, 4, 3, 2, 1], "max", [3]),
        ([5, 4, 3, 2, 1], "min", []),
    ],
)
def test_the_mode(scores, mode, kicked):
    rates = fit(compiled(), kicks(mode=mode), scores=scores)["learning_rate"]
    assert [e for e, r in enumerate(rates) if r > 1.5 * RATE] == kicked


@pytest.mark.parametrize("monitor, kicked", [("loss", True), ("val_up", False)])
def test_the_mode_is_told_by_the_metric(monitor, kicked):
    """At a rate of almost zero nothing moves; a large delta is a plateau."""

    class Rising(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["loss"] = logs["val_up"] = float(epoch)

    model = linear_model()
    up = keras.metrics.BinaryAccuracy(name="up")
    model.compile(sgd(), "mse", metrics=[up])
    callback = ktk.callbacks.RaiseLROnPlateau(monitor, 3.0, patience=2)
    rates = fit(model, Rising(), callback)["learning_rate"]
    assert (max(rates) > 1.5 * RATE) == kicked


def test_the_validation_loss_is_watched_by_default():
    callback = ktk.callbacks.RaiseLROnPlateau(
        factor=FACTOR, patience=1, min_delta=1e9
    )
    history = fit(compiled(), callback, validation_data=(X, Y), epochs=3)
    np.testing.assert_allclose(
        history["learning_rate"], RATE * np.array([1, 1, FACTOR]), rtol=1e-6
    )


def test_a_second_fit_begins_anew():
    model, callback = compiled(), kicks(max_kicks=1)
    first = fit(model, callback)["learning_rate"]
    assert fit(model, callback)["learning_rate"] == first
    np.testing.assert_allclose(first, RATE * KICKED, rtol=1e-6)
    steps = callback.trace()["step"]
    assert steps.tolist() == list(range(EPOCHS * STEPS, 2 * EPOCHS * STEPS))


def test_epochs_of_unknown_length():
    class Unknown(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            assert self.params["steps"] is None

    def once():
        for _ in range(4):
            yield X[:BATCH], Y[:BATCH]

    model = compiled()
    history = model.fit(
        once(), verbose=0, callbacks=[Score(1), Unknown(), kicks()]
    ).history
    assert history["learning_rate"] == pytest.approx([RATE])


@pytest.mark.parametrize("verbose", [1, "auto"])
def test_a_line_for_every_kick(verbose, capsys):
    fit(compiled(), kicks(verbose=verbose), epochs=9)
    assert capsys.readouterr().out.splitlines() == [
        f"RaiseLROnPlateau: epoch {epoch}: score has stood still for 2 "
        "epochs, learning rate times 3 for 1"
        for epoch in (3, 7)
    ]


def test_only_the_main_process_prints(capsys, monkeypatch):
    module = "keras_trainkit.callbacks.raise_lr_on_plateau.is_main_process"
    monkeypatch.setattr(module, lambda: False)
    fit(compiled(), kicks(verbose=1))
    assert capsys.readouterr().out == ""


class Rippled(keras.layers.Layer):
    """Points on a wide bowl with sharp ripples, but for its centre.

    The output is the sum of their heights; the input is noise on the slopes.
    """

    def build(self, shape):
        self.points = self.add_weight(
            shape=(shape[-1],),
            initializer=lambda shape, **_: np.linspace(3, 8, *shape),
        )

    def call(self, noise):
        w = self.points
        ripples = 0.3 * (1 - keras.ops.cos(4 * w))
        away = 1 - keras.ops.exp(-(w**2) / 8)
        return keras.ops.sum(0.05 * w**2 + ripples * away + noise * w, axis=-1)


def share_near_the_centre(callback):
    """Returns the share of 32 points that end in the good minimum."""
    model = keras.Sequential([keras.Input((32,)), layer := Rippled()])
    noise = np.random.default_rng(0).normal(0, 0.4, (BATCH * STEPS, 32))
    model.compile(keras.optimizers.SGD(0.1), lambda y, sums: sums, **XLA)
    model.fit(
        noise.astype("float32"),
        np.zeros(len(noise)),
        batch_size=BATCH,
        epochs=40,
        shuffle=False,
        verbose=0,
        validation_data=(np.zeros((1, 32)), np.zeros(1)),
        callbacks=[callback],
    )
    return np.mean(np.abs(layer.points.numpy()) < 1.5)


# What the rates do is arithmetic; that they are applied is tested on each.
@pytest.mark.one_backend
@pytest.mark.parametrize(
    "make, options, least, most",
    [
        (keras.callbacks.Callback, {}, 0.0, 0.0),
        (keras.callbacks.ReduceLROnPlateau, {"factor": 0.5}, 0.0, 0.0),
        (
            ktk.callbacks.RaiseLROnPlateau,
            {"factor": 10.0, "duration": 4},
            0.75,
            1.0,
        ),
    ],
)
def test_out_of_sharp_minima_into_a_wide_one(make, options, least, most):
    if options:
        options = {**options, "patience": 3, "min_delta": 0.1}
    assert least <= share_near_the_centre(make(**options)) <= most


VALIDATION = {
    "no validation": ("val_loss", {}),
    "not of validation": ("accuracy", {"validation_freq": 2}),
    "validated without it": ("val_accuracy", {"validation_freq": 1}),
}


@pytest.mark.parametrize("case", VALIDATION)
def test_a_metric_that_is_not_in_the_logs(case):
    """An error at the end of the first epoch: it cannot come later."""
    monitor, options = VALIDATION[case]
    if options:
        options = {**options, "validation_data": (X, Y)}
    model, callback = compiled(), ktk.callbacks.RaiseLROnPlateau(monitor)
    ends = Ends()
    with pytest.raises(ValueError, match="in the logs of every epoch with"):
        fit(model, ends, callback, **options)
    assert ends.epochs == 1
    assert rate_of(model) == pytest.approx(RATE)


@pytest.mark.parametrize("stops", [False, True])
def test_a_metric_that_never_came(stops):
    """Only the end of a `fit` that went to its end can tell."""
    model, ends = compiled(), Ends(stop_after=2 if stops else None)
    callbacks = [ends, ktk.callbacks.RaiseLROnPlateau()]
    validation = {"validation_data": (X, Y), "validation_freq": 9}
    if stops:
        fit(model, *callbacks, **validation)
    else:
        with pytest.raises(ValueError, match=r"some epoch, which hold \['lea"):
            fit(model, *callbacks, **validation)
    assert ends.epochs == (2 if stops else EPOCHS)
    assert rate_of(model) == pytest.approx(RATE)


class Ends(keras.callbacks.Callback):
    """Counts the epochs that ended, and may stop after some."""

    def __init__(self, stop_after=None):
        super().__init__()
        self.epochs, self.stop_after = 0, stop_after

    def on_epoch_end(self, epoch, logs=None):
        self.epochs += 1
        if self.epochs == self.stop_after:
            self.model.stop_training = True


def test_an_epoch_without_validation_is_not_waited_for():
    """Measured after epochs 1, 3, 5, so epochs 4 and 5 are the kick's."""
    callback = ktk.callbacks.RaiseLROnPlateau(
        factor=FACTOR, patience=1, duration=2, min_delta=1e9, max_kicks=1
    )
    history = fit(
        compiled(), callback, epochs=7, validation_data=(X, Y),
        validation_freq=2,
    )  # fmt: skip
    kicked = np.array([1, 1, 1, 1, FACTOR, FACTOR, 1])
    np.testing.assert_allclose(
        history["learning_rate"], RATE * kicked, rtol=1e-6
    )
    np.testing.assert_allclose(
        callback.trace()["learning_rate"], per_update(kicked), rtol=1e-6
    )


def test_a_direction_that_keras_cannot_tell():
    with pytest.raises(ValueError, match="`mode='max'`"):
        fit(compiled(), kicks(mode="auto"))


def test_several_optimizers():
    multi = getattr(keras.optimizers, "MultiOptimizer", None)
    several = multi(keras.optimizers.OptimizerMap(sgd())) if multi else None
    with pytest.raises(ValueError, match="single optimizer"):
        fit(compiled(several) if several else broken(), kicks())


def broken():
    """Keras 3.13 has no MultiOptimizer; a model without any is refused so."""
    model = compiled()
    model.optimizer = None
    return model


@pytest.mark.parametrize(
    "error, arguments",
    [
        (TypeError, {"monitor": None}),
        (ValueError, {"factor": 1.0}),
        (ValueError, {"factor": float("inf")}),
        (ValueError, {"factor": float("nan")}),
        (TypeError, {"factor": "5"}),
        (ValueError, {"patience": 0}),
        (TypeError, {"duration": 1.5}),
        (ValueError, {"max_kicks": 0}),
        (ValueError, {"cooldown": -1}),
        (ValueError, {"min_delta": -1.0}),
        (ValueError, {"mode": "up"}),
        (ValueError, {"verbose": 2}),
    ],
    ids=repr,
)
def test_arguments_that_are_refused(error, arguments):
    with pytest.raises(error, match=f"`{next(iter(arguments))}` must be"):
        ktk.callbacks.RaiseLROnPlateau(**arguments)


def test_trace_of_a_run_that_died_before_its_first_epoch():
    class DieAtOnce(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            raise RuntimeError("planned")

    callback = kicks()
    with pytest.raises(ValueError, match="never used"):
        callback.trace()
    with pytest.raises(RuntimeError, match="planned"):
        fit(compiled(), ktk.callbacks.OneCycle(0.1), callback, DieAtOnce())
    assert len(callback.trace()["learning_rate"]) == 0


def test_plot_draws_the_trace():
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    fit(compiled(), callback := kicks())
    drawn = callback.plot().lines[0].get_ydata()
    np.testing.assert_allclose(drawn, callback.trace()["learning_rate"])
