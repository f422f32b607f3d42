"""GradientMonitor measures what a float64 replay computes, and only that."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.callbacks import gradient_monitor
from tests.helpers.gradient_replay import replayed
from tests.helpers.models import linear_model
from tests.helpers.models import mlp
from tests.helpers.models import regression_data
from tests.helpers.traces import needs_traces
from tests.helpers.traces import traced_net
from tests.helpers.traces import traces

TORCH = keras.backend.backend() == "torch"
BATCH, RATE = 16, 0.05
X, Y = regression_data(64)
QUICK = {"jit_compile": keras.backend.backend() == "jax"}


def fit(model, *callbacks, epochs=2, x=X, **options):
    return model.fit(
        x,
        Y,
        batch_size=BATCH,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=list(callbacks),
        **options,
    ).history


def left_behind(model):
    lent = {
        "train_step",
        "make_train_function",
        "_clip_gradients",
        "_backend_apply_gradients",
    }
    return lent & {*vars(model), *vars(model.optimizer)}


OPTIMIZERS = {
    "decayed": {"decay": 0.5, "clipvalue": 0.1},
    "accumulated": {"accumulate": 2, "clipnorm": 0.5},
}


def sgd(accumulate=None, decay=None, **options):
    return keras.optimizers.SGD(
        RATE,
        gradient_accumulation_steps=accumulate,
        weight_decay=decay,
        **options,
    )


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_values_equal_a_float64_replay(name):
    options = OPTIMIZERS[name]
    model = linear_model()
    model.compile(sgd(**options), "mse", **QUICK)
    wanted = replayed(model.get_weights(), X, Y, BATCH, RATE, **options)
    history = fit(model, ktk.callbacks.GradientMonitor())
    for measure, values in wanted.items():
        np.testing.assert_allclose(
            history[measure], values, rtol=2e-5, err_msg=measure
        )


MODES = {
    "eager": {"run_eagerly": True},
    "scaled-loss": {"scaled": True, "steps_per_execution": 3},
}
if TORCH:  # It runs eagerly anyway, and refuses several steps.
    MODES = {"scaled-loss": {"scaled": True}}


@pytest.mark.parametrize("mode", MODES)
def test_the_mode_of_the_step_does_not_matter(mode):
    options = dict(MODES[mode])
    optimizer = sgd(global_clipnorm=0.5)
    if options.pop("scaled", False):
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    model = linear_model()
    model.compile(optimizer, "mse", **(QUICK | options))
    wanted = replayed(
        model.get_weights(), X, Y, BATCH, RATE, global_clipnorm=0.5
    )
    history = fit(model, ktk.callbacks.GradientMonitor())
    for measure, values in wanted.items():
        np.testing.assert_allclose(
            history[measure], values, rtol=2e-5, err_msg=measure
        )


def onecycle():
    return ktk.callbacks.OneCycle(0.1)


def stages():
    return ktk.callbacks.FineTuning({0: "head", 1: "all"})


COMPANY = {
    "alone": (lambda: keras.optimizers.Adam(0.01, use_ema=True), [], 0),
    "after": (
        lambda: ktk.optimizers.LayerwiseLearningRate(
            keras.optimizers.AdamW(0.01, clipnorm=0.1), {"*hidden*": 0.1}
        ),
        [onecycle],
        1,
    ),
}


@pytest.mark.parametrize("name", COMPANY)
def test_training_is_as_without_it_and_nothing_stays(name):
    make, others, place = COMPANY[name]
    trained = []
    for monitors in ([], [ktk.callbacks.GradientMonitor()]):
        model = mlp()
        model.compile(make(), "mse", **QUICK)
        callbacks = [other() for other in others]
        callbacks[place:place] = monitors
        fit(model, *callbacks)
        trained.append(model.get_weights())
        assert not left_behind(model)
    for one, other in zip(*trained, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)


def test_layers_have_their_own_values_and_a_frozen_one_none():
    model = mlp()
    model.compile(sgd(), "mse", **QUICK)
    monitor = ktk.callbacks.GradientMonitor()
    fit(model, monitor, stages())
    hidden, head = monitor.layers["hidden"], monitor.layers["head"]
    assert np.isnan(hidden["gradient_norm"]).tolist() == [True, False]
    together = np.hypot(hidden["gradient_norm_max"], head["gradient_norm_max"])
    assert monitor.totals["gradient_norm_max"][0] == pytest.approx(
        head["gradient_norm_max"][0]
    )
    assert monitor.totals["gradient_norm_max"][1] <= together[1] * (1 + 1e-6)
    np.testing.assert_array_equal(
        monitor.plot("update_to_weight").get_lines()[1].get_ydata(),
        head["update_to_weight"],
    )


def test_rows_of_an_embedding_that_are_used_twice_are_added():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((2,), dtype="int32"),
            keras.layers.Embedding(5, 1, name="table"),
            keras.layers.Flatten(),
            keras.layers.Dense(1, use_bias=False, kernel_initializer="ones"),
        ]
    )
    model.get_layer("table").embeddings.assign(np.zeros((5, 1)))
    model.compile(keras.optimizers.SGD(0.1), "mse", **QUICK)
    monitor = ktk.callbacks.GradientMonitor()
    model.fit(
        np.array([[1, 1], [1, 2]]),
        np.ones((2, 1)),
        verbose=0,
        callbacks=[monitor],
    )
    # Each row's error is -1 and counts half, twice: -1 for each use.
    wanted = np.hypot(3.0, 1.0)
    assert monitor.layers["table"]["gradient_norm"] == pytest.approx([wanted])


class Interrupted(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch == 1:
            raise RuntimeError("in the middle")


def test_a_fit_that_died_leaves_nothing_to_the_next():
    trained = []
    for monitors in ([ktk.callbacks.GradientMonitor()], []):
        model = mlp()
        model.compile(keras.optimizers.Adam(0.01), "mse", **QUICK)
        with pytest.raises(RuntimeError, match="in the middle"):
            fit(model, *monitors, onecycle(), Interrupted())
        fit(model, epochs=1)
        assert not left_behind(model)
        trained.append(model.get_weights())
    for one, other in zip(*trained, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)


class Looks(keras.callbacks.Callback):
    """Saves in the middle of an epoch."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def on_train_batch_end(self, batch, logs=None):
        self.model.save(self.path)


def test_nothing_of_it_is_saved_in_the_middle(tmp_path):
    model = mlp()
    model.compile(keras.optimizers.Adam(0.01), "mse", **QUICK)
    backup = keras.callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
    fit(
        model,
        ktk.callbacks.GradientMonitor(),
        Looks(tmp_path / "model.keras"),
        backup,
        epochs=1,
    )
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert len(loaded.optimizer.variables) == len(model.optimizer.variables)
    for one, other in zip(
        loaded.get_weights(), model.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    fit(model, keras.callbacks.BackupAndRestore(tmp_path), epochs=2)
    assert len(model.history.epoch) == 1


@needs_traces
def test_a_second_fit_compiles_nothing():
    model, monitor = traced_net(4), ktk.callbacks.GradientMonitor()
    model.compile("sgd", "mse", **QUICK)
    fit(model, monitor, epochs=1)
    assert traces(model, lambda: fit(model, monitor, epochs=1))[0] == 0


def test_a_model_that_fit_builds_is_measured():
    model = keras.Sequential(
        [keras.layers.Dense(4), keras.layers.Dense(1, name="head")]
    )
    model.compile("sgd", "mse", metrics=["mae"], **QUICK)
    unfrozen = ktk.callbacks.FineTuning({0: "all"})
    history = fit(model, ktk.callbacks.GradientMonitor(), unfrozen, epochs=1)
    assert np.isfinite(history["gradient_norm"]).all()


class NoOptimizer(keras.Sequential):
    def train_step(self, *args):
        logs = {"loss": keras.ops.ones(())}
        jax = keras.backend.backend() == "jax"
        return (logs, args[0]) if jax else logs


def test_a_train_step_without_the_optimizer_is_refused():
    model = NoOptimizer([keras.Input((8,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", **QUICK)
    with pytest.raises(ValueError, match="batches without any update"):
        fit(model, ktk.callbacks.GradientMonitor())


def test_a_search_in_the_same_fit_is_refused():
    model = mlp()
    model.compile("sgd", "mse", **QUICK)
    search = ktk.callbacks.LearningRateFinder(steps=4)
    with pytest.raises(ValueError, match="set by someone else"):
        fit(model, ktk.callbacks.GradientMonitor(), search)
    search.put_back()
    fit(model, epochs=1)
    assert not left_behind(model)


def test_a_model_that_does_not_train_is_refused():
    model = mlp()
    model.trainable = False
    model.compile("sgd", "mse", **QUICK)
    with pytest.raises(ValueError, match="nothing is trainable"):
        fit(model, ktk.callbacks.GradientMonitor())


def test_tensorboard_gets_the_layers(monkeypatch):
    written = []

    class Log:
        def __init__(self, log_dir):
            self.flush = self.close = lambda: written.append(log_dir)

        def write(self, name, value, step):
            written.append((name, value, step))

    monkeypatch.setattr(gradient_monitor, "ScalarLog", Log)
    model = mlp()
    model.compile("sgd", "mse", **QUICK)
    monitor = ktk.callbacks.GradientMonitor(log_dir="logs")
    fit(model, monitor, epochs=1)
    value = monitor.layers["hidden"]["update_to_weight"][0]
    assert ("update_to_weight/hidden", value, 0) in written
    assert written[-2:] == ["logs", "logs"]


@pytest.mark.one_backend
def test_a_plot_before_a_fit_is_refused():
    with pytest.raises(ValueError, match="before `plot"):
        ktk.callbacks.GradientMonitor().plot()


@pytest.mark.one_backend
def test_a_directory_that_is_no_path_is_refused():
    with pytest.raises(TypeError, match="log_dir"):
        ktk.callbacks.GradientMonitor(log_dir=5)


@pytest.mark.one_backend
def test_an_unknown_measure_is_refused():
    with pytest.raises(ValueError, match="measure"):
        ktk.callbacks.GradientMonitor().plot("norm")
