"""The search finds what is known, accepts what `fit` does, leaves no trace."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.scheduling.loss_recording import LossRecording
from tests.helpers import replay
from tests.helpers.fit_state import changes
from tests.helpers.fit_state import fit_state
from tests.helpers.hidden_state import MODELS as HIDDEN
from tests.helpers.hidden_state import ROWS
from tests.helpers.hidden_state import called
from tests.helpers.models import FEATURES
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data

BACKEND = keras.backend.backend()
TF = BACKEND == "tensorflow"
OPT = keras.optimizers
X, Y = regression_data(40)
BATCH = 16
STILL = {"min_lr": 1e-12, "max_lr": 2e-12}  # the weights stand still


def find(model, *data, **arguments):
    arguments = {"min_lr": 1e-4, "max_lr": 0.1, "steps": 8, **arguments}
    arguments.setdefault("max_steps", arguments["steps"])  # one pass
    return ktk.tuning.find_learning_rate(model, *data, **arguments)


def compiled(optimizer=None, **options):
    model = linear_model()
    model.compile(optimizer or OPT.SGD(0.5), "mse", **options)
    return model


# What is found.

QUADRATICS = {
    "full batch": {"batch_size": 256},
    "batches of 32": {"batch_size": 32},
    "batches of 32, noise": {"batch_size": 32, "noise": 0.1},
    "three times as steep": {"batch_size": 32, "scale": 3.0},
    "uneven curvature": {"batch_size": 64, "flattest": 0.03},
}


# One of them on each backend: the others differ in arithmetic alone.
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case,
            marks=[] if name == "batches of 32" else pytest.mark.one_backend,
        )
        for name, case in QUADRATICS.items()
    ],
    ids=QUADRATICS,
)
def test_on_a_quadratic_the_stability_limit_is_within_a_factor_of_fifteen(case):
    case = {"dimensions": 8, "scale": 1.0, "noise": 0, "flattest": 0.3, **case}
    rng = np.random.default_rng(0)
    scales = np.linspace(case["scale"], case["flattest"], case["dimensions"])
    x = rng.normal(size=(256, case["dimensions"])) * scales
    y = x @ rng.normal(size=(case["dimensions"], 1))
    y += case["noise"] * rng.normal(size=y.shape)
    curvature = np.linalg.eigvalsh(2 * x.T @ x / len(x)).max()
    model = keras.Sequential(
        [
            keras.Input((case["dimensions"],)),
            keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros"),
        ]
    )
    model.compile(OPT.SGD(), "mse")
    result = ktk.tuning.find_learning_rate(
        model, x, y, batch_size=case["batch_size"]
    )
    assert 1 / 15 < result.suggestion() / (2 / curvature) < 1
    assert 0 < result.suggestion("steepest") / (2 / curvature) < 1


def test_where_nothing_can_be_learnt_there_is_no_suggestion():
    noise = np.random.default_rng(0).normal(size=(320, 1))
    model = compiled()
    result = find(model, np.zeros((320, FEATURES)), 9 + noise, steps=60,
                  min_lr=1e-7, max_lr=1e-4)  # fmt: skip
    with pytest.raises(ValueError, match="slope to read"):
        result.suggestion()


# How long it goes on.


def noise(rows=320):
    targets = np.random.default_rng(0).normal(size=(rows, 1))
    return np.zeros((rows, FEATURES)), 9 + targets


PASSES = {
    "all": (None, [8, 16, 32]),
    "one step too few for three": (np.int64(55), [8, 16]),
}


@pytest.mark.parametrize("most, steps", PASSES.values(), ids=PASSES)
def test_noise_is_passed_again_in_twice_as_many_steps(most, steps):
    model = compiled(OPT.Adam(0.5))
    before = fit_state(model)
    result = find(model, *noise(), **STILL, max_steps=most)
    assert [len(one.losses) for one in result.passes] == steps
    assert result.steps == sum(steps)
    assert len(result.losses) == steps[-1]
    assert changes(before, fit_state(model)) == []
    with pytest.raises(ValueError, match="Search in more `steps`, with"):
        result.suggestion()


def test_every_pass_begins_at_the_same_weights():
    data = {"batch_size": BATCH, "shuffle": False}
    model = compiled(OPT.SGD(0.5, momentum=0.9))
    hidden = {"min_lr": 1e-6, "max_lr": 1e-4}  # it learns less than noise
    found = find(model, *noise(), max_steps=24, **hidden, **data)
    alone = find(model, *noise(), steps=16, **hidden, **data)
    assert len(found.passes) == 2
    np.testing.assert_array_equal(found.losses, alone.losses)


def test_what_one_pass_does_not_show_three_passes_do():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(512, 8))
    y = x @ np.full((8, 1), 0.3) + rng.normal(size=(512, 1))
    model = keras.Sequential(
        [keras.Input((8,)), keras.layers.Dense(1, kernel_initializer="zeros")]
    )
    model.compile(OPT.SGD(), "mse")
    result = ktk.tuning.find_learning_rate(
        model, x, y, 1e-4, 1.0, steps=30, batch_size=BATCH, shuffle=False
    )
    assert result.passes[0].unclear() and len(result.passes) == 3
    limit = 1 / np.linalg.eigvalsh(x.T @ x / len(x)).max()
    assert limit / 100 < result.suggestion() < limit


def test_a_generator_is_passed_again_only_when_asked_to():
    x, y = noise(BATCH)
    batches = ((x, y) for _ in range(200))
    assert len(find(compiled(), batches, **STILL, max_steps=None).passes) == 1
    again = find(compiled(), batches, **STILL, max_steps=24)
    assert [len(one.losses) for one in again.passes] == [8, 16]


# What is accepted.


class Sequence(keras.utils.PyDataset):
    def __init__(self, dies_at=None):
        super().__init__()
        self.dies_at = dies_at

    def __len__(self):
        return 3

    def __getitem__(self, index):
        if index == self.dies_at:
            raise OSError("the disk is gone")
        part = slice(index * BATCH, (index + 1) * BATCH)
        return X[part], Y[part]


class Empty(Sequence):
    def __len__(self):
        return 0


def generator(batches=1000):
    data = Sequence()
    for i in range(batches):
        yield data[i % 3]


def dataset():
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices((X, Y)).batch(BATCH)


def of_unknown_length():
    return dataset().filter(lambda x, y: True) if TF else generator(8)


def endless():
    return dataset().repeat()


def loader(rows=40):
    import torch
    from torch.utils.data import DataLoader
    from torch.utils.data import TensorDataset

    data = TensorDataset(*(torch.from_numpy(v[:rows]) for v in (X, Y)))
    return DataLoader(data, batch_size=BATCH)


def reshuffled(each_iteration=True):
    return (
        dataset()
        .unbatch()
        .shuffle(40, seed=1, reshuffle_each_iteration=each_iteration)
        .batch(BATCH)
    )


def loader_with_generators():
    import torch
    from torch.utils.data import DataLoader

    return DataLoader(
        loader().dataset,
        batch_size=BATCH,
        shuffle=True,
        generator=torch.Generator().manual_seed(2),
    )


DATA = {"PyDataset": Sequence, "generator": generator}
if TF:
    DATA |= {
        "tf.data": dataset,
        "endless tf.data": endless,
    }
if BACKEND == "torch":
    DATA["DataLoader"] = loader


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.parametrize("data", DATA.values(), ids=DATA)
def test_data_of_every_kind_gives_the_same_curve(data):
    arrays = find(compiled(), X, Y, batch_size=BATCH, shuffle=False)
    other = find(compiled(), data(), shuffle=False)
    np.testing.assert_allclose(other.losses, arrays.losses, rtol=1e-4)
    np.testing.assert_array_equal(other.learning_rates, arrays.learning_rates)


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_each_loss_has_the_rate_it_was_trained_with_when_data_ends_unexpected():
    """On TensorFlow a step without data is counted, and skips a rate."""
    model = compiled()
    hand = replay.LinearReplay(model.get_weights(), replay.sgd)
    result = find(model, of_unknown_length())
    losses = []
    for (x, y), rate in zip(
        replay.batches(X, Y, BATCH, epochs=3),
        result.learning_rates,
        strict=False,
    ):
        w, b = hand.weights
        losses.append(np.mean((x @ w + b - y) ** 2))
        hand.step(x, y, learning_rate=rate)
    assert len(losses) == (6 if TF else 8)
    np.testing.assert_allclose(result.losses, losses, rtol=1e-4)


def each_batch(values):
    """Means over the batches of two epochs and the two full ones of a third."""
    parts = [values[:16], values[16:32], values[32:]]
    means = [np.mean(part, dtype="float64") for part in parts]
    return (means * 3)[:8]


def squared_errors(model):
    w, b = (np.asarray(v, "float64") for v in model.get_weights())
    return ((X @ w + b - Y) ** 2)[:, 0]


@pytest.mark.parametrize("weighted", ["sample_weight", "class_weight"])
def test_weighted_losses_are_those_of_each_batch(weighted):
    model = linear_model()
    model.compile("sgd", "binary_crossentropy")
    model.layers[-1].activation = keras.activations.sigmoid
    labels = (Y > 0).astype("float32")
    weights = np.where(labels[:, 0] > 0, 5.0, 0.5)
    given = {"sample_weight": weights, "class_weight": {0: 0.5, 1: 5.0}}
    result = find(
        model,
        X,
        labels,
        batch_size=BATCH,
        shuffle=False,
        **{weighted: given[weighted]},
        **STILL,
    )
    w, b = (np.asarray(v, "float64") for v in model.get_weights())
    p = 1 / (1 + np.exp(-(X @ w + b)))[:, 0]
    losses = -np.log(np.where(labels[:, 0] > 0, p, 1 - p))
    expected = each_batch(weights * losses)
    np.testing.assert_allclose(result.losses, expected, rtol=1e-4)


def test_several_outputs_and_a_penalty_add_up():
    keras.utils.set_random_seed(1)
    inputs = keras.Input((FEATURES,))
    penalty = keras.regularizers.L2(0.1)
    dense = keras.layers.Dense(1, kernel_regularizer=penalty, name="first")
    outputs = {"first": dense(inputs), "second": inputs[:, :1]}
    model = keras.Model(inputs, outputs)
    model.compile(
        "sgd",
        {"first": "mse", "second": "mse"},
        loss_weights={"first": 1.0, "second": 2.0},
    )
    result = find(
        model,
        X,
        {"first": Y, "second": Y},
        batch_size=BATCH,
        shuffle=False,
        **STILL,
    )
    second = ((X[:, :1] - Y) ** 2)[:, 0]
    each = each_batch(squared_errors(model) + 2 * second)
    squares = np.sum(np.square(model.get_weights()[0], dtype="float64"))
    np.testing.assert_allclose(
        result.losses, np.add(each, 0.1 * squares), rtol=1e-4
    )


def test_what_a_resumed_run_left_behind_is_set_aside():
    steps = 1 if BACKEND == "torch" else 4  # Keras refuses others there.
    model = compiled(steps_per_execution=steps)
    model._initial_epoch = 10**6
    assert len(find(model, X, Y, batch_size=BATCH).losses) == 8
    assert model._initial_epoch == 10**6
    assert model.steps_per_execution == steps


def test_mixed_precision_is_searched_and_its_loss_scale_put_back():
    model = linear_model(dtype="mixed_float16")
    model.compile(
        OPT.LossScaleOptimizer(OPT.SGD(), initial_scale=2.0**20), "mse"
    )
    model.fit(X, Y, verbose=0)
    before = fit_state(model)
    result = find(model, X, Y, batch_size=BATCH)
    assert np.isfinite(result.losses).all()
    assert changes(before, fit_state(model)) == []


# That no trace is left.


def rich_model(built=True):
    keras.utils.set_random_seed(3)
    inputs = [keras.Input((FEATURES,))] if built else []
    return keras.Sequential(
        [
            *inputs,
            keras.layers.Dense(6),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(1),
        ]
    )


MODELS = {
    "Adam": (lambda: OPT.Adam(0.01), True),
    "momentum, an average": (
        lambda: OPT.SGD(0.01, momentum=0.9, use_ema=True),
        True,
    ),
    "accumulation": (
        lambda: OPT.Adam(0.01, gradient_accumulation_steps=2),
        True,
    ),
    "an unbuilt model": (lambda: OPT.Adam(0.01), False),
}


@pytest.mark.parametrize(
    "case, trained",
    [*((case, False) for case in MODELS), ("Adam", True)],
)
def test_training_is_bit_identical_with_a_search_before_it(case, trained):
    found = []
    for searched in (False, True):
        optimizer, built = MODELS[case]
        model = rich_model(built)
        model.compile(optimizer(), "mse", metrics=["mae"])
        if trained:
            model.train_on_batch(X, Y)
        keras.utils.set_random_seed(5)
        if searched:
            find(model, X, Y, batch_size=BATCH)
        model.fit(X, Y, batch_size=BATCH, epochs=2, verbose=0)
        found.append((fit_state(model), model.history.history))
    (plain, plain_history), (after, after_history) = found
    assert set(changes(plain, after)) <= {"attributes"}
    assert plain_history == after_history


@pytest.mark.parametrize("trained", [False, True], ids=["new", "trained"])
def test_all_is_as_it_was(trained):
    model = rich_model()
    model.compile(OPT.Adam(0.01), "mse", metrics=["mae"])
    if trained:
        model.fit(X, Y, verbose=0)
    before = fit_state(model)
    find(model, X, Y, batch_size=BATCH, min_lr=1e-2, max_lr=10.0)
    assert changes(before, fit_state(model)) == []


def trained_on(make, searched=False, anew=False):
    """Returns the weights after a search, if any, and a `fit`."""
    model = compiled(OPT.SGD(0.01))
    keras.utils.set_random_seed(5)
    data = make()
    if searched:
        find(model, make() if anew else data)
    model.fit(data, epochs=2, verbose=0)
    return model.get_weights()[0]


SHUFFLED = {"PyDataset": Sequence}
if TF:
    SHUFFLED["one order of tf.data"] = lambda: reshuffled(False)
if BACKEND == "torch":
    SHUFFLED["DataLoader"] = loader_with_generators


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed")
@pytest.mark.parametrize("make", SHUFFLED.values(), ids=SHUFFLED)
def test_a_fit_after_the_search_draws_its_data_as_without_one(make):
    np.testing.assert_array_equal(
        trained_on(make, searched=True), trained_on(make)
    )


if TF:

    @pytest.mark.filterwarnings("ignore:Your input ran out of data")
    @pytest.mark.filterwarnings("ignore:`shuffle=True` was passed")
    def test_a_dataset_that_reshuffles_counts_the_searches_epochs_as_said():
        plain = trained_on(reshuffled)
        counted = trained_on(reshuffled, searched=True)
        made_anew = trained_on(reshuffled, searched=True, anew=True)
        assert not np.array_equal(counted, plain)
        np.testing.assert_array_equal(made_anew, plain)


def trained_with_hidden_state(make, searched):
    keras.utils.set_random_seed(1)
    model = make()
    model.compile(OPT.SGD(0.01), "mse")
    data = {"x": X[:, :4], "y": Y, "batch_size": ROWS}
    keras.utils.set_random_seed(5)
    if searched:
        find(model, **data)
    model.fit(**data, verbose=0)
    return called(model)


@pytest.mark.parametrize("make", HIDDEN.values(), ids=HIDDEN)
def test_state_that_keras_does_not_list_is_put_back_too(make):
    np.testing.assert_array_equal(
        trained_with_hidden_state(make, searched=True),
        trained_with_hidden_state(make, searched=False),
    )


class Interrupted(LossRecording):
    raises, at = KeyboardInterrupt, 5

    def add(self, loss, counted):
        super().add(loss, counted)
        if len(self.losses) == self.at:
            raise self.raises


class Failed(Interrupted):
    raises = RuntimeError


class InTheSecondPass(Interrupted):
    at = 12


MODULE = "keras_trainkit.callbacks.learning_rate_finder.LossRecording"


@pytest.mark.parametrize(
    "recording, trained", [(Interrupted, True), (Failed, False)]
)
def test_an_interrupt_leaves_no_trace(recording, trained, monkeypatch):
    monkeypatch.setattr(MODULE, recording)
    model = rich_model()
    model.compile(OPT.Adam(0.01), "mse", metrics=["mae"])
    if trained:
        model.fit(X, Y, verbose=0)
    before = fit_state(model)
    with pytest.raises(recording.raises):
        find(model, X, Y, batch_size=BATCH, min_lr=1e-2, max_lr=10.0)
    assert changes(before, fit_state(model)) == []
    model.fit(X, Y, verbose=0)


def test_an_interrupt_in_the_second_pass_leaves_no_trace(monkeypatch):
    monkeypatch.setattr(MODULE, InTheSecondPass)
    model = compiled(OPT.Adam(0.01))
    before = fit_state(model)
    with pytest.raises(KeyboardInterrupt):
        find(model, *noise(), **STILL, max_steps=24)
    assert changes(before, fit_state(model)) == []


@pytest.mark.parametrize("dies_at, trained", [(0, False), (0, True), (2, True)])
def test_data_that_fails_leaves_no_trace(dies_at, trained):
    model = rich_model()
    model.compile(OPT.Adam(0.01), "mse", metrics=["mae"])
    if trained:
        model.fit(X, Y, verbose=0)
    before = fit_state(model)
    with pytest.raises(Exception, match="the disk is gone"):
        find(model, Sequence(dies_at), min_lr=1e-2, max_lr=10.0)
    assert changes(before, fit_state(model)) == []
    model.fit(X, Y, verbose=0)


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_data_that_ends_too_soon_is_an_error_and_leaves_no_trace():
    model = compiled()
    before = fit_state(model)
    with pytest.raises(ValueError, match="`steps` must be at most 5: the data"):
        find(model, generator(5))
    assert changes(before, fit_state(model)) == []


EMPTY = {
    "arrays": lambda: (X[:0], Y[:0]),
    "one of several inputs": lambda: ([X, X[:0]], Y),
    "PyDataset": lambda: (Empty(),),
}
if TF:
    EMPTY["tf.data"] = lambda: (dataset().take(0),)
    EMPTY["tf.data of unknown length"] = lambda: (
        dataset().filter(lambda x, y: False),
    )
if BACKEND == "torch":
    EMPTY["DataLoader"] = lambda: (loader(0),)


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed")
@pytest.mark.parametrize("make", EMPTY.values(), ids=EMPTY)
def test_data_without_a_batch_is_refused_in_these_words(make):
    model = rich_model(built=True)
    model.compile(OPT.Adam(0.01), "mse")
    before = fit_state(model)
    with pytest.raises(ValueError, match="data with at least one batch"):
        find(model, *make())
    assert changes(before, fit_state(model)) == []


@pytest.mark.parametrize("part", ["x", "y"])
def test_a_first_loss_that_is_not_finite_is_an_error_and_leaves_no_trace(part):
    data = {"x": X.copy(), "y": Y.copy()}
    data[part][3] = np.nan
    model = compiled(OPT.Adam(0.01))
    before = fit_state(model)
    with pytest.raises(ValueError, match="a finite loss at the first step"):
        find(model, **data, batch_size=len(X))
    assert changes(before, fit_state(model)) == []


def never(y_true, y_pred):
    raise AssertionError("a search computes no metric")


def test_no_metric_is_computed():
    model = compiled(metrics=[never])
    plain = find(compiled(), X, Y, batch_size=BATCH, shuffle=False)
    found = find(model, X, Y, batch_size=BATCH, shuffle=False)
    np.testing.assert_array_equal(found.losses, plain.losses)
    with pytest.raises(AssertionError, match="computes no metric"):
        model.train_on_batch(X, Y)


SCHEDULE = OPT.schedules.CosineDecay(0.1, 10)
REFUSED = {
    "bad rates": (compiled, {"max_lr": 1e-9}, ValueError, "`max_lr` must be"),
    "max_steps": (
        compiled,
        {"max_steps": 7},
        ValueError,
        "`max_steps` must be an integer of at least 8",
    ),
    "half a step": (compiled, {"max_steps": 8.5}, TypeError, "an integer"),
    "epochs": (compiled, {"epochs": 3}, TypeError, "neither epochs nor"),
    "callbacks": (compiled, {"callbacks": []}, TypeError, "callbacks"),
    "no compile": (linear_model, {}, ValueError, "compiled with an optimizer"),
    "a schedule": (
        lambda: compiled(OPT.SGD(SCHEDULE)),
        {},
        ValueError,
        "must be a plain number",
    ),
}


@pytest.mark.parametrize(
    "make, arguments, error, why", REFUSED.values(), ids=REFUSED
)
def test_what_cannot_be_searched_is_refused(make, arguments, error, why):
    model = make()
    weights = model.get_weights()
    with pytest.raises(error, match=why):
        find(model, X, Y, **arguments)
    np.testing.assert_array_equal(model.get_weights()[0], weights[0])
    assert getattr(model, "stop_training", False) is False


class Searching(keras.callbacks.Callback):
    """Searches once, at the end of the first epoch."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 0:
            find(self.model, X, Y, batch_size=BATCH)


def fitted_with(*callbacks):
    model = compiled(OPT.SGD(0.01, momentum=0.9), metrics=["mae"])
    options = {"batch_size": BATCH, "epochs": 2, "verbose": 0}
    history = model.fit(X, Y, callbacks=list(callbacks), **options)
    return model.get_weights()[0], history.history


def test_a_search_in_the_middle_of_a_fit_does_not_disturb_it():
    weights, history = fitted_with()
    searched, its_history = fitted_with(Searching())
    np.testing.assert_array_equal(searched, weights)
    assert its_history == history


def test_a_search_inside_a_scheduled_fit_says_what_is_the_matter():
    with pytest.raises(ValueError, match="in which OneCycle schedules"):
        fitted_with(ktk.callbacks.OneCycle(0.1), Searching())
