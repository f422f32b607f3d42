import keras
import numpy as np
import pytest

from tests.helpers.explained import compiled
from tests.helpers.explained import note_of
from tests.helpers.explained import values

LABELS = np.arange(32) % 10
ONE_HOT = np.eye(10)[LABELS]


def classifier(units, activation, loss, shape=(8,)):
    return compiled(
        keras.Input(shape),
        keras.layers.Dense(units, activation=activation, name="probs"),
        loss=loss,
    )


TARGETS = {
    "labels for one-hot": (
        (10, "softmax", "categorical_crossentropy"),
        LABELS,
        'loss="sparse_categorical_crossentropy"',
    ),
    "one-hot for labels": (
        (10, "softmax", "sparse_categorical_crossentropy"),
        ONE_HOT,
        'loss="categorical_crossentropy"',
    ),
    "too few units": (
        (9, "softmax", "categorical_crossentropy"),
        ONE_HOT,
        "'probs' needs as many outputs as the targets have columns: 10",
    ),
    "one-hot for one unit": (
        (1, "sigmoid", "binary_crossentropy"),
        np.eye(2)[LABELS % 2],
        "y.argmax(axis=-1).reshape(-1, 1)",
    ),
    "one label for two units": (
        (2, "sigmoid", "binary_crossentropy"),
        LABELS % 2,
        "one label of 0 or 1 a row needs one output",
    ),
    "regression on more columns": (
        (3, "linear", "mse"),
        values(32, 2),
        "'probs' needs as many outputs as the targets have columns: 2",
    ),
}


def recurrent(return_sequences):
    return compiled(
        keras.Input((7, 3)),
        keras.layers.LSTM(4, return_sequences=return_sequences, name="memory"),
        keras.layers.Dense(2, name="out"),
    )


def pictures():
    return compiled(
        keras.Input((8, 8, 1)), keras.layers.Conv2D(1, 3, name="decoded")
    )


def flat():
    return compiled(
        keras.Input((4, 4)), keras.layers.Flatten(), keras.layers.Dense(16)
    )


SHAPES = {
    "a picture that shrank": (
        pictures,
        values(32, 8, 8, 1),
        values(32, 8, 8, 1),
        "keras.layers.Resizing(8, 8)",
    ),
    "a picture that stayed flat": (
        flat,
        values(32, 4, 4),
        values(32, 4, 4),
        "keras.layers.Reshape((4, 4))",
    ),
    "other time steps": (
        lambda: recurrent(True),
        values(32, 7, 3),
        values(32, 5, 2),
        "the output has 7 time steps and the targets 5",
    ),
    "the last time step alone": (
        lambda: recurrent(False),
        values(32, 7, 3),
        values(32, 7, 2),
        "let 'memory' return every time step",
    ),
}


@pytest.mark.parametrize("make, x, y, repair", SHAPES.values(), ids=SHAPES)
def test_targets_of_other_axes(make, x, y, repair):
    note = note_of(lambda: make().evaluate(x, y, verbose=0))
    assert repair in note.splitlines()[-1]


def test_a_metric_that_compares_labels_with_scores():
    model = classifier(3, "softmax", "sparse_categorical_crossentropy")
    model.compile("sgd", model.loss, metrics=["auc"])
    note = note_of(lambda: model.evaluate(values(32, 8), LABELS % 3, verbose=0))
    assert "a metric compares labels of shape (32,)" in note


def test_targets_for_one_of_two_outputs():
    start = keras.Input((8,))
    outputs = [keras.layers.Dense(1, name=name)(start) for name in ("p", "q")]
    model = keras.Model(start, outputs)
    model.compile("sgd", ["mse", "mse"])
    note = note_of(
        lambda: model.evaluate(values(32, 8), values(32, 1), verbose=0)
    )
    assert "the model has 2 outputs, ['p', 'q'], and y is 1" in note


@pytest.mark.parametrize("network, y, repair", TARGETS.values(), ids=TARGETS)
def test_the_nearest_repair(network, y, repair):
    model = classifier(*network)
    note = note_of(lambda: model.fit(values(32, 8), y, verbose=0))
    assert repair in note.splitlines()[-1]


def test_a_missing_flatten_is_seen_in_the_output():
    model = classifier(10, "softmax", "sparse_categorical_crossentropy", (4, 4))
    note = note_of(lambda: model.evaluate(values(32, 4, 4), LABELS, verbose=0))
    assert "the output of 'probs' (32, 4, 10)" in note
    assert "put keras.layers.Flatten()" in note


@pytest.mark.parametrize(
    "message",
    [
        "Received a label value of 10 which is outside the valid range of "
        "[0, 10).",
        "Target 10 is out of bounds.",
    ],
)
def test_labels_that_count_from_one(message):
    model = classifier(10, "softmax", "sparse_categorical_crossentropy")

    class Loss(keras.losses.Loss):
        def call(self, target, output):
            raise IndexError(message)

    model.compile("sgd", Loss())
    note = note_of(lambda: model.evaluate(values(32, 8), LABELS + 1, verbose=0))
    assert "label 10 is no class of 'probs'" in note
    assert "write y - 1" in note


def test_a_batch_with_targets_for_other_rows():
    class Uneven(keras.utils.PyDataset):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return values(8, 8), np.arange(7)

    model = classifier(10, "softmax", "sparse_categorical_crossentropy")
    note = note_of(lambda: model.train_on_batch(*Uneven()[0]))
    assert "every array needs one entry a row" in note or "7 rows" in note
    model.run_eagerly = True
    note = note_of(lambda: model.fit(Uneven(), verbose=0))
    assert "targets for 7 rows and outputs for 8" in note
    assert "to_categorical" not in note


def test_weights_of_rows_with_an_axis_more():
    model = compiled(keras.Input((8,)), keras.layers.Dense(3, name="head"))
    note = note_of(
        lambda: model.fit(
            values(40, 8),
            values(40, 3),
            sample_weight=values(40, 5),
            verbose=0,
        )
    )
    assert "sample_weight has shape (40, 5), the targets (40, 3)" in note
    assert "of shape (40,)" in note.splitlines()[-1]


def test_two_targets_for_one_output():
    inputs = keras.Input((8,))
    model = keras.Model(inputs, keras.layers.Dense(3)(inputs))
    model.compile("sgd", "mse")
    y = [values(40, 3), values(40, 3)]
    note = note_of(lambda: model.fit(values(40, 8), y, verbose=0))
    assert "the model has one output, and y is a list of 2" in note


def test_a_last_layer_without_a_size_of_its_own():
    model = compiled(keras.Input((4, 3)), keras.layers.Flatten(name="flat"))
    note = note_of(
        lambda: model.fit(values(40, 4, 3), values(40, 5), verbose=0)
    )
    assert "keras.layers.Dense(5) behind 'flat'" in note.splitlines()[-1]
