"""The head first, then everything: one call, one history."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.models.flags import read_flags
from keras_trainkit.models.layer_tree import LayerTree
from tests.helpers.frozen_backbone import X
from tests.helpers.frozen_backbone import Y
from tests.helpers.frozen_backbone import reused
from tests.helpers.models import SubclassedMLP

L = keras.layers
SHORT = {
    "head_epochs": 2,
    "epochs": 4,
    "batch_size": 8,
    "learning_rate": 0.01,
    "verbose": 0,
}


def tuned(model, **arguments):
    return ktk.transfer.fine_tune(model, X, Y, **{**SHORT, **arguments})


class Hooks(keras.callbacks.Callback):
    """Notes its hooks, and ends the training after an epoch."""

    def __init__(self, last_epoch=None, error=None):
        super().__init__()
        self.seen, self.last_epoch, self.error = [], last_epoch, error

    def on_train_begin(self, logs=None):
        self.seen.append("begin")

    def on_train_end(self, logs=None):
        self.seen.append("end")

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(epoch)
        if epoch == self.last_epoch and self.error is not None:
            raise self.error
        if epoch == self.last_epoch:
            self.model.stop_training = True


@pytest.fixture(scope="module")
def runs():
    """Two equal runs, with and without cached features."""
    made = {}
    for cache in (True, False):
        model, hooks = reused(), Hooks()
        model_before = model.get_weights()
        keras.utils.set_random_seed(3)
        history = tuned(
            model,
            cache_features=cache,
            layer_decay=0.5,
            validation_data=(X[:16], Y[:16]),
            callbacks=[hooks],
        )
        made[cache] = model, history, hooks, model_before
    return made


def test_cached_features_change_neither_weights_nor_history(runs):
    (ours, history, *_), (theirs, expected, *_) = runs[True], runs[False]
    for one, two in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5)
    assert list(history.history) == list(expected.history)
    for name, values in expected.history.items():
        np.testing.assert_allclose(history.history[name], values, atol=1e-5)


def test_the_history_is_one_with_its_stages_marked(runs):
    model, history, *_ = runs[True]
    assert isinstance(history, keras.callbacks.History)
    assert model.history is history and history.epoch == [0, 1, 2, 3]
    assert {len(one) for one in history.history.values()} == {4}
    assert {"loss", "val_loss", "mae", "val_mae"} <= set(history.history)
    head, everything = history.stages
    assert head[:4] == ("head", 0, 0.01, "given") and head.cached
    assert everything[:4] == ("all", 2, pytest.approx(0.001), "head")
    assert not everything.cached and everything.not_cached is None
    assert len(history.plot().lines) == 4
    assert not runs[False][1].stages[0].cached


def test_each_stage_has_a_cycle_of_its_own(runs):
    rates = runs[True][1].history["learning_rate"]
    # Each ends a thousandth below where it began.
    assert rates[1] == pytest.approx(0.01 / 10 / 1000, rel=1e-3)
    assert rates[3] == pytest.approx(0.001 / 10 / 1000, rel=1e-3)


def test_callbacks_see_one_training(runs):
    assert runs[True][2].seen == ["begin", 0, 1, 2, 3, "end"]


def test_everything_trains_in_the_end_but_statistics(runs):
    model, _, _, before = runs[True]
    after = model.get_weights()
    moved = {
        weight.path: not np.array_equal(one, two)
        for weight, one, two in zip(model.weights, before, after, strict=True)
    }
    still = {path for path, did in moved.items() if not did}
    assert still == {path for path in moved if "norm" in path}
    layers = model.get_layer("backbone").layers
    assert [one.trainable for one in layers[:3]] == [True, False, True]
    optimizer = model.optimizer
    assert type(optimizer).__name__ == "Adam"
    assert int(optimizer.iterations) == 20
    assert float(optimizer.learning_rate) == pytest.approx(0.01)
    model.fit(X, Y, verbose=0)


def test_the_rates_of_the_stages_are_searched():
    model = reused(freeze=False, dropout=0.0)
    target = np.asarray(keras.ops.convert_to_numpy(model(X))) + 1
    history = ktk.transfer.fine_tune(
        model, X, target, **{**SHORT, "learning_rate": "auto"}
    )
    head, everything = history.stages
    assert head.origin == "search" and head.cached
    assert head.learning_rate == head.search.suggestion()
    assert everything.learning_rate <= head.learning_rate
    assert everything.search.steps > 0
    assert history.history["loss"][-1] < history.history["loss"][0]


@pytest.mark.parametrize("error", [None, KeyboardInterrupt()])
def test_a_run_that_ends_early_leaves_a_usable_model(
    error, tmp_path, monkeypatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    model = reused(freeze=False)
    before = read_flags(LayerTree(model))
    hooks = Hooks(1 if error is None else 2, error)
    if error is None:
        history = tuned(model, callbacks=[hooks], memory_limit=0)
        assert history.stages[0].cached and not list(
            tmp_path.glob("keras_trainkit_*")
        )
        assert hooks.seen == ["begin", 0, 1, "end"]
        assert len(history.stages) == 1
    else:
        with pytest.raises(type(error)):
            tuned(model, callbacks=[hooks], layer_decay=0.5)
        assert read_flags(LayerTree(model)) == before
        assert "on_train_end" not in vars(hooks)
    assert model.history.epoch == [0, 1] if error is None else [0, 1, 2]
    assert type(model.optimizer).__name__ == "Adam"
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)
    assert "call" not in vars(model)
    model.fit(X, Y, verbose=0)


def test_auto_says_why_it_does_not_cache(capsys):
    model = reused(L.GaussianNoise(0.1, name="noise"), run_eagerly=True)
    history = tuned(model, head_epochs=1, epochs=1, verbose=2)
    said = "no cached features, as the frozen layer 'noise' draws random"
    assert said in capsys.readouterr().out
    assert "noise" in history.stages[0].not_cached
    with pytest.raises(ValueError, match="'noise' draws random numbers"):
        tuned(model, cache_features=True)


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 5

    def __getitem__(self, i):
        return X[8 * i : 8 * i + 8], Y[8 * i : 8 * i + 8]


class Dies(Batches):
    def __getitem__(self, i):
        raise OSError("gone")


def test_no_file_is_left_where_data_dies(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    model = reused(run_eagerly=True)
    with pytest.raises(OSError, match="gone"):
        tuned(
            model,
            memory_limit=0,
            validation_data=Dies(),
            cache_features=True,
        )
    assert not list(tmp_path.glob("keras_trainkit_*"))


def test_a_subclassed_model_trains_without_cached_features():
    keras.utils.set_random_seed(1)
    model = SubclassedMLP()
    model(X)
    model.compile(keras.optimizers.SGD(), "mse", run_eagerly=True)
    before = model.get_weights()
    history = tuned(model)
    assert "no graph of layers" in history.stages[0].not_cached
    pairs = zip(before, model.get_weights(), strict=True)
    assert not any(np.array_equal(one, two) for one, two in pairs)


def test_a_dataset_is_trained_on_as_it_is():
    model = reused(run_eagerly=True)
    arguments = {**SHORT, "head_epochs": 1, "epochs": 1}
    history = ktk.transfer.fine_tune(model, Batches(), **arguments)
    assert "is no array" in history.stages[0].not_cached
    assert int(model.optimizer.iterations) == 5


class Squares(L.Layer):
    """Adds a loss that needs no targets."""

    def call(self, x):
        self.add_loss(keras.ops.mean(x**2))
        return x


HEAD_ALONE = {"head_epochs": 1, "epochs": 1, "memory_limit": 0}


def test_weights_of_samples_count_where_features_are_in_files():
    made = []
    for cache in (True, False):
        model = reused(run_eagerly=True)
        keras.utils.set_random_seed(3)
        history = tuned(
            model,
            **HEAD_ALONE,
            cache_features=cache,
            sample_weight=np.linspace(0, 1, len(X)),
            validation_data=(X, Y, np.linspace(0, 2, len(X))),
            validation_batch_size=16,
        )
        made.append(history.history)
    ours, theirs = made
    assert list(ours) == list(theirs)
    for name, values in theirs.items():
        np.testing.assert_allclose(ours[name], values, atol=1e-5)


@pytest.mark.parametrize("limit", [0, 2**30])
def test_validation_data_need_no_targets(limit):
    inputs = keras.Input(X.shape[1:])
    outputs = Squares()(L.Dense(2)(L.Dense(3, trainable=False)(inputs)))
    model = keras.Model(inputs, outputs)
    model.compile("sgd", run_eagerly=True)
    history = ktk.transfer.fine_tune(
        model,
        X,
        validation_data=(X[:8],),
        **{**SHORT, **HEAD_ALONE, "memory_limit": limit},
    )
    assert history.stages[0].cached and history.history["val_loss"][0] > 0


def frozen_whole():
    model = reused()
    ktk.transfer.freeze(model, "all")
    return model


def uncompiled():
    model = reused()
    return keras.Model(model.inputs, model.outputs)


def with_own_rates():
    return reused(
        optimizer=ktk.optimizers.LayerwiseLearningRate(
            keras.optimizers.Adam(), {"*first*": 0.1}
        )
    )


def with_a_schedule():
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    return reused(optimizer=keras.optimizers.SGD(rate))


ERRORS = {
    "a schedule": (with_a_schedule, {}, ValueError, "a plain number"),
    "validation": (reused, {"validation_data": 3}, TypeError, "validation"),
    "two sets of rates": (
        with_own_rates,
        {"layer_decay": 0.5},
        ValueError,
        "rates of its own",
    ),
    "epochs": (reused, {"epochs": 0}, ValueError, "epochs"),
    "head_epochs": (reused, {"head_epochs": 5}, ValueError, "head_epochs"),
    "learning_rate": (reused, {"learning_rate": "best"}, ValueError, "auto"),
    "a rate of 0": (reused, {"learning_rate": 0}, ValueError, "above 0"),
    "layer_decay": (reused, {"layer_decay": 1.5}, ValueError, "layer_decay"),
    "cache": (reused, {"cache_features": 1}, TypeError, "cache_features"),
    "batch_size": (reused, {"batch_size": 0}, ValueError, "batch_size"),
    "unknown": (reused, {"validation_split": 0.1}, TypeError, "Received"),
    "callbacks": (reused, {"callbacks": ["x"]}, TypeError, "callbacks"),
    "too short": (reused, {"batch_size": 40}, ValueError, "updates"),
    "nothing trains": (frozen_whole, {}, ValueError, "layer trains"),
    "uncompiled": (uncompiled, {}, ValueError, "compiled"),
    "no model": (lambda: 3, {}, TypeError, "keras.Model"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_what_cannot_be_is_refused_and_the_model_is_as_it_was(case):
    make, arguments, error, message = ERRORS[case]
    model = make()
    before = model.get_weights() if hasattr(model, "weights") else None
    flags = before and read_flags(LayerTree(model))
    with pytest.raises(error, match=message):
        tuned(model, **arguments)
    if before is not None:
        assert read_flags(LayerTree(model)) == flags
        for one, two in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)


def test_data_of_unknown_length_is_refused():
    endless = ((X[:8], Y[:8]) for _ in iter(int, 1))
    with pytest.raises(ValueError, match="steps_per_epoch"):
        ktk.transfer.fine_tune(reused(), endless, **SHORT)
