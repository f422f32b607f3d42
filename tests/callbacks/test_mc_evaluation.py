import random
from functools import partial

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.callbacks.mc_evaluation import MCEvaluation
from tests.helpers.arrays import to_numpy

metrics = ktk.uncertainty.metrics
KEYS = [
    f"val_{kind}_{name}"
    for kind in ("plain", "mc")
    for name in ("accuracy", "nll", "ece")
]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 4)).astype("float32")
Y = RNG.integers(0, 3, 24)
X_VAL = RNG.normal(size=(16, 4)).astype("float32")
Y_VAL = RNG.integers(0, 3, 16)


def network(classes=3, activation="softmax", dropout=None, rate=0.01):
    dropout = dropout or partial(keras.layers.Dropout, 0.5)
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(8, "relu"),
            keras.layers.BatchNormalization(),
            dropout(),
            keras.layers.Dense(classes, activation),
        ]
    )
    loss = "sparse_categorical_crossentropy" if classes > 1 else "mse"
    model.compile(keras.optimizers.Adam(rate), loss)
    return model


def still(**kwargs):
    """Returns a network that does not change in training."""
    model = network(rate=0.0, **kwargs)
    model.layers[1].trainable = False  # the statistics
    return model


def fit(model, *callbacks, epochs=2, y=Y, **kwargs):
    settings = {"batch_size": 8, "verbose": 0, "callbacks": list(callbacks)}
    return model.fit(X, y, epochs=epochs, **settings, **kwargs).history


def last(history):
    return [history[key][-1] for key in KEYS]


def measures(y, p):
    return [
        float(np.mean(p.argmax(axis=1) == y)),
        metrics.negative_log_likelihood(y, p),
        metrics.expected_calibration_error(y, p),
    ]


def after_fit(model, seed, samples=6):
    """Returns what the callback should have logged at the end."""
    sampled = ktk.uncertainty.mc_predict(
        model, X_VAL, samples=samples, batch_size=8, seed=seed
    ).mean
    plain = model.predict(X_VAL, batch_size=8, verbose=0)
    return [*measures(Y_VAL, plain), *measures(Y_VAL, sampled)]


def evaluation(**kwargs):
    settings = {"samples": 6, "batch_size": 8, "seed": 7, **kwargs}
    return MCEvaluation(X_VAL, Y_VAL, **settings)


@pytest.fixture(scope="module")
def fitted():
    model = network()
    history = fit(model, evaluation(), epochs=3)
    return model, history, after_fit(model, seed=7)


def test_the_values_are_those_computed_after_fit(fitted):
    _, history, expected = fitted
    np.testing.assert_allclose(last(history), expected, rtol=1e-6)


def test_the_two_predictions_differ_and_change_from_epoch_to_epoch(fitted):
    plain, sampled = fitted[1]["val_plain_nll"], fitted[1]["val_mc_nll"]
    assert len({*plain, *sampled}) == 6


UNTOUCHED = {
    "dropout": (partial(keras.layers.Dropout, 0.5), 7),
    "no seed": (partial(keras.layers.Dropout, 0.5), None),
    "seeded dropout": (partial(keras.layers.Dropout, 0.5, seed=2), None),
    "MC dropout": (partial(ktk.layers.MCDropout, 0.5), 7),
}


@pytest.mark.parametrize("dropout, seed", UNTOUCHED.values(), ids=UNTOUCHED)
def test_training_goes_on_as_without_it(dropout, seed):
    def after(*callbacks):
        model = network(dropout=dropout)
        fit(model, *callbacks)
        draws = [
            random.random(),
            np.random.random(),
            to_numpy(keras.random.uniform((2,))),
        ]
        return draws, [to_numpy(v.value) for v in model.variables]

    expected = after()
    np.testing.assert_equal(after(evaluation(seed=seed)), expected)


def recurrent_states(*callbacks):
    keras.utils.set_random_seed(1)
    recurrent = keras.layers.SimpleRNN(2, stateful=True)
    model = keras.Sequential(
        [
            keras.Input((4,), batch_size=8),
            keras.layers.Reshape((2, 2)),
            recurrent,
            keras.layers.Dropout(0.5),
            keras.layers.Dense(3, "softmax"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    model(X[:8])
    fit(model, *callbacks)
    return [to_numpy(v.value) for v in [*recurrent.states, *model.variables]]


def test_recurrent_states_are_those_of_a_fit_without_it():
    expected = recurrent_states()
    assert expected[0].any()
    np.testing.assert_equal(recurrent_states(evaluation()), expected)


@pytest.mark.parametrize(
    "every, first, epochs, expected",
    [
        (1, 0, 2, [True] * 2),
        (2, 0, 4, [True, False, True, True]),
        (3, 1, 6, [True, False, False, True, True]),
        (9, 0, 3, [True, False, True]),
    ],
    ids=["each", "every second", "resumed", "first and last"],
)
def test_history_has_a_value_or_nan_for_every_epoch(
    fitted, monkeypatch, every, first, epochs, expected
):
    callback = evaluation(every=every)
    monkeypatch.setattr(callback, "_evaluate", lambda: list(range(6)))
    history = fit(fitted[0], callback, epochs=epochs, initial_epoch=first)
    assert {len(values) for values in history.values()} == {len(expected)}
    for_all = [[np.isfinite(v) for v in history[key]] for key in KEYS]
    assert for_all == [expected] * 6
    assert last(history) == list(range(6))


def test_early_stopping_monitors_it():
    stopping = keras.callbacks.EarlyStopping(
        "val_mc_nll", mode="min", patience=2
    )
    model = still()
    history = fit(model, evaluation(), stopping, epochs=9)
    assert len(set(history["val_mc_nll"])) == 1
    assert len(history["val_mc_nll"]) == 3


def test_without_a_seed_it_follows_from_the_global_one():
    model = still()

    def drawn(seed):
        keras.utils.set_random_seed(seed)
        return fit(model, evaluation(seed=None), epochs=1)["val_mc_nll"]

    first = drawn(1)
    assert drawn(1) == first
    assert drawn(2) != first


def test_logits_are_turned_into_probabilities():
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    logits = still(activation=None)
    logits.compile(keras.optimizers.Adam(0.0), loss)
    found = fit(logits, evaluation(from_logits=True), epochs=1)
    expected = fit(still(), evaluation(), epochs=1)
    np.testing.assert_allclose(last(found), last(expected), rtol=1e-5)


def test_binary_and_one_hot_labels_are_evaluated():
    model = network(classes=1, activation="sigmoid")
    labels = (Y_VAL > 1).astype("float32")[:, None]
    callback = MCEvaluation(X_VAL, labels, samples=6, seed=7, batch_size=8)
    history = fit(model, callback, epochs=1, y=(Y > 1).astype("float32"))
    p = model.predict(X_VAL, verbose=0)[:, 0]
    assert last(history)[:2] == pytest.approx(
        [
            np.mean((p > 0.5) == labels[:, 0]),
            metrics.negative_log_likelihood(labels, p),
        ],
        rel=1e-5,
    )


def test_soft_targets_weight_the_logarithms():
    soft = 0.9 * np.eye(3)[Y_VAL] + 0.1 / 3
    callback = MCEvaluation(X_VAL, soft, samples=6, seed=7, batch_size=8)
    model = still()
    history = fit(model, callback, epochs=1)
    p = model.predict(X_VAL, verbose=0)
    nll = -np.mean(np.sum(soft * np.log(p.astype("float64")), axis=1))
    assert last(history)[:3] == pytest.approx(
        [*measures(Y_VAL, p)[:1], nll, *measures(Y_VAL, p)[2:]], rel=1e-5
    )


BAD = {
    "samples": ({"samples": 1}, ValueError, "integer of at least 2"),
    "a fraction": ({"every": 1.5}, TypeError, "`every` must be an integer"),
    "a word": ({"batch_size": "8"}, TypeError, "`batch_size` must be"),
    "a seed": ({"seed": -1}, ValueError, "`seed` must be an integer of at"),
    "a flag": ({"from_logits": "no"}, TypeError, "`from_logits` must be one"),
    "a list": ({"x": [[1.0, 2.0]]}, TypeError, "`x` must be an array"),
    "rows": ({"y": Y_VAL[:5]}, ValueError, "same number of rows"),
    "regression": ({"y": np.full(16, 1.5)}, ValueError, "For regression"),
}


@pytest.mark.parametrize("changed, kind, words", BAD.values(), ids=BAD)
def test_bad_arguments_are_refused(changed, kind, words):
    with pytest.raises(kind, match=words):
        MCEvaluation(**{"x": X_VAL, "y": Y_VAL, **changed})


def two_outputs():
    x = keras.Input((4,))
    drop = keras.layers.Dropout(0.5)(x)
    heads = [keras.layers.Dense(3, name=name)(drop) for name in "ab"]
    model = keras.Model(x, heads)
    model.compile("sgd", ["mse", "mse"])
    return model, (np.zeros((24, 3)), np.zeros((24, 3)))


class TwoOutputs(keras.Model):
    """Has no `outputs` before it is called."""

    def __init__(self):
        super().__init__()
        self.inner = two_outputs()[0]

    def call(self, x):
        return self.inner(x)


def subclassed_with_two():
    model = TwoOutputs()
    model.compile("sgd", ["mse", "mse"])
    return model, (np.zeros((24, 3)), np.zeros((24, 3)))


MODELS = {
    "two outputs": (two_outputs, "a model with one output"),
    "two outputs, subclassed": (subclassed_with_two, "with one output"),
    "too few classes": (lambda: (network(2), Y % 2), "`y` must be made of"),
    "no probabilities": (lambda: (still(activation=None), Y), "softmax"),
    "no dropout": (
        lambda: (network(dropout=keras.layers.Identity), Y),
        "[Dd]ropout",
    ),
}


@pytest.mark.parametrize("make, words", MODELS.values(), ids=MODELS)
def test_models_that_cannot_be_evaluated_are_refused(make, words):
    model, y = make()
    with pytest.raises(ValueError, match=words):
        fit(model, evaluation(), y=y)


def test_two_of_them_would_log_the_same_names(fitted):
    with pytest.raises(ValueError, match="one of them is an MCEvaluation"):
        fit(fitted[0], evaluation(), evaluation(), epochs=1)
