import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.facts.passes import overfitting as facts
from keras_trainkit.diagnostics.facts.passes.overfitting import overfitting
from keras_trainkit.diagnostics.facts.subject import Subject
from tests.helpers.fit_state import changes
from tests.helpers.fit_state import fit_state

L = keras.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(32, 6)).astype("float32")
LABELS = RNG.integers(0, 3, 32)


def net(optimizer="adam", loss="sparse_categorical_crossentropy"):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            L.Dense(64, "relu", kernel_regularizer="l2"),
            L.Dropout(0.9),
            L.Dense(3, "softmax", activity_regularizer="l2"),
        ]
    )
    model.compile(optimizer, loss)
    return model


def test_what_holds_a_network_back_is_taken_off_a_copy():
    model = net(keras.optimizers.Adam(0.01))
    before = fit_state(model)
    seen = overfitting(Subject(model, X, LABELS))
    assert seen.learnt and seen.end <= 0.3 * seen.start
    assert not changes(before, fit_state(model))
    assert model.layers[0].kernel.regularizer is not None
    assert model.layers[1].rate == 0.9


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(facts, "_PARTS", 2)


@pytest.mark.one_backend
@pytest.mark.usefixtures("short")
def test_another_optimizer_tells_a_rate_from_a_network():
    model = net(keras.optimizers.SGD(1e-7))
    before = fit_state(model)
    slow = overfitting(Subject(model, X, LABELS))
    assert not slow.learnt and slow.learnt_with_adam
    assert slow.end > slow.with_adam
    assert not changes(before, fit_state(model))


@pytest.mark.one_backend
def test_label_smoothing_leaves_a_loss_but_no_wrong_answer():
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.7)
    model = net(keras.optimizers.Adam(0.01), loss)
    seen = overfitting(Subject(model, X, np.eye(3)[LABELS]))
    assert seen.end > 0.7 * seen.start and seen.with_adam is None
    assert seen.learnt


@pytest.mark.one_backend
@pytest.mark.usefixtures("short")
def test_a_loss_that_is_not_known_has_to_fall():
    def shifted(y, p):
        return 5 + keras.losses.sparse_categorical_crossentropy(y, p)

    model = net(keras.optimizers.Adam(0.01), shifted)
    assert overfitting(Subject(model, X, LABELS)).learnt


@pytest.mark.one_backend
@pytest.mark.usefixtures("short")
def test_dropout_within_recurrent_layers():
    rnn = L.LSTM(32, dropout=0.9, recurrent_dropout=0.9)
    model = keras.Sequential([keras.Input((2, 3)), rnn, L.Dense(3, "softmax")])
    model.compile(
        keras.optimizers.Adam(0.03), "sparse_categorical_crossentropy"
    )
    assert overfitting(Subject(model, X.reshape(32, 2, 3), LABELS)).learnt
    assert rnn.dropout == 0.9


@pytest.mark.parametrize(
    "x, y",
    [(X, 0 * LABELS), (np.repeat(X[:4], 8, axis=0), LABELS)],
    ids=["one class", "rows twice"],
)
@pytest.mark.one_backend
def test_a_batch_that_proves_nothing(x, y):
    assert overfitting(Subject(net(), x, y)) is None
