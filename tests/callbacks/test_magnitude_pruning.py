"""MagnitudePruning: exactly so many zeros, at every update, whatever trains."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.backend.optimizer.averages import averages_of
from tests.helpers import replay
from tests.helpers.models import linear_model
from tests.helpers.models import mlp
from tests.helpers.models import regression_data
from tests.helpers.traces import QUICK
from tests.helpers.traces import needs_traces
from tests.helpers.traces import traced_net
from tests.helpers.traces import traces

TORCH = keras.backend.backend() == "torch"
BATCH, RATE = 16, 0.05
X, Y = regression_data(64)
# Four updates in an epoch: several in one call where the backend can.
SEVERAL = {} if TORCH else {"steps_per_execution": 2}


def pruning(target=0.5, **options):
    return ktk.callbacks.MagnitudePruning(target, **options)


def fit(model, *callbacks, x=X, y=Y, epochs=1, **options):
    return model.fit(
        x,
        y,
        batch_size=BATCH,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=list(callbacks),
        **options,
    ).history


def zeros(weight):
    return keras.ops.convert_to_numpy(weight) == 0


def first(values, count):
    """Marks the smallest magnitudes, as a stable sort of NumPy does."""
    marked = np.zeros(values.size, bool)
    marked[np.argsort(np.abs(values).ravel(), kind="stable")[:count]] = True
    return marked.reshape(values.shape)


def replayed(model, course, batches, rates=None):
    """Trains in float64, and prunes by hand after each update of a course."""
    hand = replay.LinearReplay(model.get_weights(), replay.adam)
    pruned = np.zeros((8, 1), bool)
    for n, batch in enumerate(batches, 1):
        hand.step(*batch, learning_rate=rates[n - 1] if rates else RATE)
        if n in course:
            magnitudes = np.where(pruned, 0, hand.weights[0])
            pruned = pruned | first(magnitudes, course[n])
        hand.weights[0][pruned] = 0
    return hand.weights


def assert_as_by_hand(model, wanted):
    for one, other in zip(model.get_weights(), wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=1e-7)
        np.testing.assert_array_equal(one == 0, other == 0)


def test_it_equals_pruning_by_hand_in_float64():
    model = linear_model()
    # 6 of 8 at the end: 1 - (1 - p)^3 of them after updates 1, 3, 5 and 6.
    course = {1: 0, 3: 5, 5: 6, 6: 6}
    batches = list(replay.batches(X, Y, BATCH, epochs=2))
    wanted = replayed(model, course, batches)
    model.compile(keras.optimizers.Adam(RATE), "mse", **QUICK, **SEVERAL)
    callback = pruning(0.75, start=1, end=6, frequency=2)
    history = fit(model, callback, epochs=2)
    assert_as_by_hand(model, wanted)
    # After update 4 the masks are those of update 3.
    assert history["sparsity"] == [5 / 8, 6 / 8]


def test_it_goes_with_one_cycle_and_rates_of_layers():
    model = linear_model()
    one_cycle = ktk.callbacks.OneCycle(RATE, cycle_momentum=False)
    halved = ktk.schedules.OneCycle(RATE / 2, total_steps=4)
    rates = [float(halved(step)) for step in range(4)]
    course = {2: 0, 3: 3, 4: 4}
    wanted = replayed(model, course, replay.batches(X, Y, BATCH), rates)
    optimizer = ktk.optimizers.LayerwiseLearningRate(
        keras.optimizers.Adam(RATE),
        ktk.optimizers.multipliers(model, {"all": 0.5}),
    )
    model.compile(optimizer, "mse", **QUICK, **SEVERAL)
    fit(model, one_cycle, pruning(start=2, end=4, frequency=1))
    assert_as_by_hand(model, wanted)


def test_an_undone_batch_prunes_nothing():
    x = X.copy()
    x[BATCH + 3] = np.nan
    model = linear_model()
    batches = list(replay.batches(X, Y, BATCH))
    # 6 of 8 at the end, after updates 1, 2 and 3.
    course = {1: 4, 2: 6, 3: 6}
    wanted = replayed(model, course, [batches[i] for i in (0, 2, 3)])
    model.compile(keras.optimizers.Adam(RATE), "mse", **QUICK)
    fit(
        model,
        ktk.callbacks.GradientMonitor(),
        pruning(0.75, end=3, frequency=1),
        ktk.callbacks.NonFiniteGuard(factor=1.0, verbose=0),
        x=x,
    )
    assert_as_by_hand(model, wanted)


@keras.saving.register_keras_serializable("keras_trainkit_tests")
class PlusOne(keras.constraints.Constraint):
    """Lets no weight be zero."""

    def __call__(self, w):
        return w + 1.0


def test_zeros_stay_through_all_that_moves_weights():
    model = mlp(units=8)
    kernel = model.get_layer("hidden").kernel
    kernel.constraint = PlusOne()
    for layer in model.layers:
        layer.dtype_policy = "mixed_float16"
    inner = keras.optimizers.AdamW(
        RATE,
        weight_decay=0.1,
        use_ema=True,
        ema_overwrite_frequency=3,
        gradient_accumulation_steps=2,
        global_clipnorm=1.0,
    )
    # Scaled so much the gradients of the first batches overflow.
    scaling = keras.optimizers.LossScaleOptimizer(inner, 2.0**17)
    model.compile(scaling, "mse", **QUICK, **SEVERAL)
    callback = pruning(0.75, end=2, frequency=1)
    fit(model, callback, epochs=3)
    assert callback.sparsities == {"hidden/kernel": 0.75, "head/kernel": 0.75}
    assert zeros(kernel).sum() == 48
    average = averages_of(inner)[id(kernel)]
    np.testing.assert_array_equal(zeros(average), zeros(kernel))
    # The next one begins anew; what is pruned stays so.
    history = fit(model, callback)
    assert history["sparsity"] == [0.75] and zeros(kernel).sum() == 48


@needs_traces
def test_new_masks_and_new_fits_trace_nothing():
    net = traced_net(4)
    net.compile("sgd", "mse", **QUICK)
    callback = pruning(end=6, frequency=1)
    one_update = (X[:BATCH], Y[:BATCH])
    first_fit, _ = traces(
        net, lambda: fit(net, callback, x=one_update[0], y=one_update[1])
    )
    second_fit, _ = traces(net, lambda: fit(net, callback, epochs=2))
    assert first_fit >= 1 and second_fit == 0
    assert callback.sparsities["0/kernel"] == 0.5


def test_a_resumed_run_equals_one_that_was_not_interrupted(tmp_path):
    path = tmp_path / "{epoch}.keras"
    whole = mlp()
    whole.compile(keras.optimizers.Adam(RATE), "mse", **QUICK)
    options = {"target": 0.8, "end": 10, "frequency": 3}
    fit(
        whole,
        pruning(**options),
        keras.callbacks.ModelCheckpoint(path),
        epochs=3,
    )
    resumed = keras.models.load_model(tmp_path / "2.keras")
    fit(resumed, pruning(**options), epochs=3, initial_epoch=2)
    for one, other in zip(
        whole.get_weights(), resumed.get_weights(), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-6)
        np.testing.assert_array_equal(one == 0, other == 0)


def zeros_after_each_batch(model, *callbacks):
    kernel, seen = model.get_layer("hidden").kernel, []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            # On JAX, asking for the model brings its state back.
            assert self.model is model
            seen.append(zeros(kernel))

    fit(model, *callbacks, Watch())
    assert len(seen) == 4
    return seen


def test_a_run_killed_in_its_first_epoch_holds_its_zeros(tmp_path):
    def backup():
        return keras.callbacks.BackupAndRestore(tmp_path, save_freq=2)

    killed = mlp(units=8)
    killed.compile(keras.optimizers.Adam(RATE), "mse", **QUICK)
    breaking = keras.callbacks.LambdaCallback(on_train_batch_end=stop)
    with pytest.raises(Stop):
        fit(killed, pruning(0.5, end=1, frequency=1), backup(), breaking)
    resumed = mlp(seed=2, units=8)
    resumed.compile(keras.optimizers.Adam(RATE), "mse", **QUICK)
    seen = zeros_after_each_batch(
        resumed, pruning(0.5, start=4, end=4), backup()
    )
    assert seen[0].sum() == 32
    for one in seen:
        np.testing.assert_array_equal(one, seen[0])


def test_it_remembers_a_model_though_it_prunes_another_in_between():
    one, other = mlp(units=8), mlp(seed=2, units=8)
    for model in (one, other):
        model.compile("adam", "mse", **QUICK)
    callback = pruning(start=2, end=2)
    fit(one, callback)
    before = zeros(one.get_layer("hidden").kernel)
    fit(other, callback)
    assert before.sum() == 32
    for seen in zeros_after_each_batch(one, callback):
        np.testing.assert_array_equal(seen, before)


LATER = {
    "averages": lambda: ktk.callbacks.StochasticWeightAveraging(start=0),
    "the best weights": lambda: keras.callbacks.EarlyStopping(
        "loss", patience=0, min_delta=1e9, restore_best_weights=True
    ),
}


@pytest.mark.parametrize("name", LATER)
def test_earlier_weights_come_before_it_or_are_refused(name):
    model = linear_model()
    model.compile("adam", "mse", **QUICK)
    before = model.get_weights()
    with pytest.raises(ValueError, match="List MagnitudePruning behind it"):
        fit(model, pruning(end=6, frequency=1), LATER[name]())
    assert all(map(np.array_equal, model.get_weights(), before))
    fit(model, LATER[name](), pruning(end=6, frequency=1), epochs=2)
    assert zeros(model.weights[0]).sum() == 4


class Stop(Exception):
    pass


def stop(batch, logs=None):
    if batch == 2:
        raise Stop


def test_zeros_are_held_by_the_callback_and_grow_again_without():
    model = mlp(units=8)
    ktk.compression.prune(model, 0.5)
    before = model.get_weights()
    model.compile("adam", "mse", **QUICK)
    callback = pruning(0.5, start=0, end=0)
    fit(model, callback)
    for i in (0, 2):
        zero = model.get_weights()[i] == 0
        np.testing.assert_array_equal(zero, before[i] == 0)
    breaking = keras.callbacks.LambdaCallback(on_train_batch_end=stop)
    with pytest.raises(Stop):
        fit(model, callback, breaking)
    model.set_weights(before)
    fit(model)
    assert "train_step" not in vars(model)
    assert not any((weight == 0).any() for weight in model.get_weights())


def test_a_kernel_follows_once_it_is_thawed():
    model = mlp(units=8)
    model.compile("adam", "mse", **QUICK)
    stages = {0: "head", 1: "all"}
    history = fit(
        model,
        ktk.callbacks.FineTuning(stages),
        pruning(0.75, end=2, frequency=2, structure="global"),
        epochs=2,
    )
    # All of 8 but 2, then of 72.
    assert history["sparsity"] == [6 / 72, 54 / 72]


def convolutional():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6, 6, 4))
    x = keras.layers.Conv2D(8, 3, name="conv", activation="relu")(inputs)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    outputs = keras.layers.Dense(3, name="head")(x)
    return keras.Model(inputs, outputs)


def test_filters_die_with_bias_and_normalisation_and_outputs_live():
    model = convolutional()
    model.compile("adam", "mse", **QUICK)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(64, 6, 6, 4)), rng.normal(size=(64, 3))
    callback = pruning(0.5, structure="filters", frequency=2)
    fit(model, callback, x=x, y=y)
    dead = zeros(model.get_layer("conv").kernel).all((0, 1, 2))
    assert dead.sum() == 4 and callback.sparsities == {"conv/kernel": 0.5}
    norm = model.get_layer("norm")
    for weight in (model.get_layer("conv").bias, norm.gamma, norm.beta):
        np.testing.assert_array_equal(zeros(weight), dead)
    assert not zeros(model.get_layer("head").kernel).any()


def test_two_of_four_in_the_step():
    model = mlp(units=8)
    model.compile("adam", "mse", **QUICK)
    fit(model, pruning(0.5, structure="2:4", frequency=1))
    kernel = zeros(model.get_layer("hidden").kernel)
    assert (kernel.reshape(2, 4, 8).sum(axis=1) == 2).all()
    np.testing.assert_array_equal(
        zeros(model.get_layer("head").kernel).sum(), 4
    )


if keras.backend.backend() == "tensorflow":

    def test_a_model_that_is_built_in_its_first_step():
        model = keras.Sequential([keras.layers.Dense(4), keras.layers.Dense(1)])
        model.compile("adam", "mse", **QUICK)
        history = fit(model, pruning(start=0, end=0))
        assert history["sparsity"] == [18 / 36]


class OwnOptimizer(keras.Sequential):
    def train_step(self, *args):
        logs = {"loss": keras.ops.zeros(())}
        jax = keras.backend.backend() == "jax"
        return (logs, args[0]) if jax else logs


def test_a_step_that_leaves_the_optimizer_out_is_refused():
    model = OwnOptimizer([keras.Input((8,)), keras.layers.Dense(4)])
    model.compile("sgd", "mse", run_eagerly=True)
    with pytest.raises(ValueError, match="it made none"):
        fit(model, pruning())


def test_kernels_that_never_train_are_refused():
    model = mlp()
    model.get_layer("hidden").trainable = False
    model.compile("sgd", "mse", run_eagerly=True)
    with pytest.raises(ValueError, match="hidden/kernel"):
        fit(model, pruning(end=1, exclude="head"))


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"start": 9}, "start"),
        ({"start": 4}, "three quarters"),
        ({"structure": "2:4", "exclude": "hidden"}, "exclude"),
    ],
    ids=["too short", "after the end", "nothing left"],
)
def test_a_fit_that_could_not_prune_is_refused(options, match):
    model = mlp() if "exclude" not in options else mlp(units=6)
    model.compile("sgd", "mse", run_eagerly=True)
    with pytest.raises(ValueError, match=match):
        fit(model, pruning(**options))
    assert "train_step" not in vars(model)


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"target_sparsity": 1.0}, ValueError, "target_sparsity"),
        ({"target_sparsity": "half"}, TypeError, "target_sparsity"),
        ({"start": -1}, ValueError, "start"),
        ({"start": 5, "end": 4}, ValueError, "end"),
        ({"frequency": 0}, ValueError, "frequency"),
        ({"schedule": "linear"}, ValueError, "schedule"),
        ({"schedule": 3}, TypeError, "schedule"),
        ({"structure": "4:8"}, ValueError, "structure"),
        ({"structure": "2:4"}, ValueError, "0.5"),
    ],
)
def test_bad_arguments_are_refused(options, error, match):
    with pytest.raises(error, match=match):
        ktk.callbacks.MagnitudePruning(**options)
