"""The doctor in real fits: what it touches, what it says, and when."""

import random
from functools import partial

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.callbacks.training_doctor import TrainingDoctor
from keras_trainkit.scheduling.snapshot import TrainingSnapshot
from tests.helpers.arrays import to_numpy

RNG = np.random.default_rng(0)
X = RNG.normal(size=(96, 4)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")


def network(optimizer="sgd", loss="mse"):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(8, "relu", name="hidden"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(1, "sigmoid", name="out"),
        ]
    )
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model


@pytest.fixture(scope="module")
def compiled():
    """A model, and the state that a test begins with."""
    model = network()
    return model, TrainingSnapshot(model)


@pytest.fixture
def model(compiled):
    compiled[1].restore()
    compiled[0].optimizer.learning_rate = 0.1
    return compiled[0]


def fit(model, *callbacks, x=X, y=Y, epochs=3, **kwargs):
    settings = {"batch_size": 8, "verbose": 0, "callbacks": list(callbacks)}
    return model.fit(x, y, epochs=epochs, **settings, **kwargs).history


def state(model):
    draws = [random.random(), np.random.random()]
    draws.append(to_numpy(keras.random.uniform((2,))))
    variables = [*model.variables, *model.optimizer.variables]
    return draws, [to_numpy(v.value) for v in variables]


class Interrupt(keras.callbacks.Callback):
    """Ends a fit from outside."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


@pytest.mark.parametrize("interrupted", [False, True])
def test_training_goes_on_as_without_it(compiled, model, interrupted):
    def after(*callbacks):
        compiled[1].restore()
        history = None
        if interrupted:
            with pytest.raises(KeyboardInterrupt):
                fit(model, *callbacks, Interrupt())
        else:
            history = fit(model, *callbacks)
        # On JAX a fit that dies leaves no metrics behind.
        return history, state(model)

    expected = after()
    doctor = TrainingDoctor(every=1, verbose=0)
    np.testing.assert_equal(after(doctor), expected)
    report = doctor.report()
    assert len(report.curves["loss"]) == (2 if interrupted else 3)
    unseen = [key for key in report.summary if key.startswith("not looked")]
    assert unseen == []


def test_a_healthy_training_is_silent_and_its_layers_are_measured(
    model, capsys
):
    doctor = TrainingDoctor()
    fit(model, doctor, epochs=5, validation_data=(X, Y))
    report = doctor.report()
    assert report.ok and capsys.readouterr().out == ""
    hidden = next(row for row in report.layers if row["path"] == "hidden")
    # After epochs 1, 2, 4 and the last one.
    assert hidden["probe_epochs"] == [0, 1, 2, 4, 5]
    lists = ("gradient_norm", "dead_share", "update_ratio", "std")
    assert {len(hidden[name]) for name in lists} == {5}
    assert hidden["update_ratio"][0] == 0 < hidden["update_ratio"][-1]
    assert set(report.curves) >= {"loss", "val_loss", "accuracy"}


def test_a_finding_is_told_once_and_marked(model):
    model.optimizer.learning_rate = 1e-9
    told = []
    doctor = TrainingDoctor(every=4, on_finding=told.append)
    fit(model, doctor, epochs=14, x=X - X, y=Y)
    codes = [finding.code for finding in told]
    assert "D111" in codes and len(codes) == len(set(codes))
    report = doctor.report()
    assert report.select("D111").most_likely.severity == "warning"
    assert (13, "D111") in report.marks
    axes = doctor.plot()
    texts = " ".join(text.get_text() for text in axes[0].texts)
    assert "D111" in texts and axes[1].get_yscale() == "log"


def test_a_nan_is_traced_to_its_batch_and_stops(model, capsys):
    x = X.copy()
    x[50] = np.inf
    doctor = TrainingDoctor(stop_on={"D101"})
    history = fit(model, doctor, x=x, shuffle=False, epochs=9)
    assert len(history["loss"]) == 1
    finding = doctor.report().most_likely
    assert (finding.code, finding.topic) == ("D101", "data")
    # 8 rows are a batch; the loss is not finite from row 50 on.
    assert "in batch 7 of epoch 1" in finding.message
    lines = capsys.readouterr().out.strip().splitlines()
    assert len(lines) == 1 and "D101 error (data)" in lines[0]


def test_an_explosion_is_traced_to_a_layer():
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(8, "relu", name="hidden"),
            keras.layers.Dense(1, name="out"),
        ]
    )
    model.compile(keras.optimizers.SGD(5.0), "mse")
    doctor = TrainingDoctor(verbose=0)
    fit(model, doctor, epochs=4)
    finding = doctor.report().most_likely
    assert (finding.code, finding.topic) == ("D101", "learning_rate")
    assert finding.where in ("hidden", "out")
    assert "last finite weights" in finding.message
    assert np.isnan(to_numpy(model.layers[-1].kernel.value)).any()


SLOPES = {
    "a logarithm": (keras.ops.log, "odd"),
    # Finite at 0, but its slope is not.
    "a root": (lambda x: keras.ops.sqrt(keras.ops.square(x * 0)), ""),
}


@pytest.mark.parametrize("function, where", SLOPES.values(), ids=SLOPES)
def test_a_layer_that_makes_nan_of_finite_weights(function, where):
    keras.utils.set_random_seed(1)
    layers = keras.layers
    odd = layers.Lambda(function, name="odd")
    model = keras.Sequential([keras.Input((4,)), layers.Dense(4), odd])
    model.add(layers.Dense(1))
    model.compile(keras.optimizers.SGD(0.01), "mse")
    doctor = TrainingDoctor(verbose=0)
    fit(model, doctor, epochs=1)
    finding = doctor.report().most_likely
    assert (finding.code, finding.topic) == ("D101", "numerics")
    assert finding.where == where


def test_weights_that_a_relu_hides(model):
    doctor = TrainingDoctor(verbose=0)
    kernel = model.layers[0].kernel
    lose = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: kernel.assign(kernel * np.nan)
    )
    # Here all losses are NaN, on TensorFlow none is.
    fit(model, lose, doctor, epochs=1)
    finding = doctor.report().most_likely
    assert (finding.code, finding.severity) == ("D101", "error")


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 12

    def __getitem__(self, index):
        rows = slice(8 * index, 8 * index + 8)
        return X[rows], Y[rows]


def test_of_a_dataset_only_the_curves_are_read(model, capsys):
    doctor = TrainingDoctor()
    model.fit(Batches(), epochs=1, verbose=0, callbacks=[doctor])
    assert "only the curves are read" in capsys.readouterr().out
    assert all("gradient_norm" not in row for row in doctor.report().layers)
    given = TrainingDoctor(X, Y)
    model.fit(Batches(), epochs=1, verbose=0, callbacks=[given])
    assert capsys.readouterr().out == ""
    assert any("gradient_norm" in row for row in given.report().layers)


class BadBatches(Batches):
    """In the fifth batch a value is missing."""

    def __getitem__(self, index):
        x, y = super().__getitem__(index)
        x = x.copy()
        x[3, 1] = np.nan if index == 4 else x[3, 1]
        return x, y


def test_of_a_dataset_weights_are_seen_but_no_cause_is_made_up(model):
    doctor = TrainingDoctor(verbose=0)
    model.fit(BadBatches(), epochs=1, verbose=0, callbacks=[doctor])
    # Behind a ReLU TensorFlow's loss is finite, so only the weights tell.
    finding = doctor.report().most_likely
    assert (finding.code, finding.topic) == ("D101", "numerics")
    assert "neither the data nor the layers were looked at" in finding.message
    assert "were finite." not in finding.message


def of_small_batches(y, p):
    if y.shape[0] not in (8, None):
        raise RuntimeError("eight rows only")
    return keras.ops.square(y - p)


def test_what_cannot_be_looked_at_is_told_and_ends_no_training(capsys):
    model = network(loss=of_small_batches)
    model.run_eagerly = True
    doctor = TrainingDoctor()
    fit(model, doctor, epochs=1)
    out = capsys.readouterr().out
    assert "layers cannot be looked at: RuntimeError: eight rows" in out
    report = doctor.report()
    assert report.ok and "not looked at: layers" in report.summary


BAD = {
    "every": (partial(TrainingDoctor, every=0), ValueError, "at least 1"),
    "on_finding": (partial(TrainingDoctor, on_finding=3), TypeError, "calla"),
    "stop_on": (partial(TrainingDoctor, stop_on={"Q1"}), ValueError, "stop_on"),
    "ignore": (partial(TrainingDoctor, ignore="D101"), TypeError, "ignore"),
    "of another family": (
        partial(TrainingDoctor, stop_on={"L101"}),
        ValueError,
        "stop_on",
    ),
    "ignored of another": (
        partial(TrainingDoctor, ignore={"A"}),
        ValueError,
        "ignore",
    ),
    "no arrays": (partial(TrainingDoctor, [1, 2], [1, 2]), TypeError, "array"),
    "a dataset": (partial(TrainingDoctor, Batches(), None), TypeError, "take"),
    "only y": (partial(TrainingDoctor, y=Y), ValueError, "`x` must be given"),
    "rows": (partial(TrainingDoctor, X, Y[:3]), ValueError, "same number of"),
    "verbose": (partial(TrainingDoctor, verbose=3), ValueError, "verbose"),
    "no fit": (lambda: TrainingDoctor().report(), ValueError, "seen no epoch"),
    "no plot": (lambda: TrainingDoctor().plot(), ValueError, "seen no epoch"),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("make, kind, words", BAD.values(), ids=BAD)
def test_bad_use_is_refused(make, kind, words):
    with pytest.raises(kind, match=words):
        make()


def test_a_fit_without_an_epoch_is_none_to_judge(model):
    doctor = TrainingDoctor()
    fit(model, doctor, epochs=0)
    assert doctor.report().ok


def test_a_code_can_be_ignored(model):
    told = []
    doctor = TrainingDoctor(ignore={"D"}, on_finding=told.append)
    x = np.full_like(X, np.nan)
    fit(model, doctor, x=x, epochs=1)
    assert told == [] and doctor.report().findings == ()
    assert ktk.callbacks.TrainingDoctor is TrainingDoctor
