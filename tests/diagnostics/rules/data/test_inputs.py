import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics import apply_repairs
from keras_trainkit.diagnostics import check_model

pytestmark = pytest.mark.one_backend
LAYERS = keras.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
Y = np.arange(60) % 2
BYTES = RNG.integers(0, 256, size=(40, 8, 8, 1))
WORDS = RNG.integers(0, 900, size=(40, 12))


def findings(x, *layers, y=None, validation_data=None, optimizer="adam"):
    layers = layers or (LAYERS.Dense(3, name="first"),)
    model = keras.Sequential([keras.Input(x.shape[1:]), *layers])
    model.compile(optimizer, "mse")
    report = check_model(
        model,
        x,
        y,
        validation_data=validation_data,
        select=["X101", "X102", "X103", "X104"],
    )
    return report.findings


def codes(*args, **kwargs):
    return [one.code for one in findings(*args, **kwargs)]


@pytest.mark.parametrize(
    "x, make",
    [
        (X, lambda: [LAYERS.Dense(2)]),
        (BYTES / 255, lambda: [LAYERS.Conv2D(2, 3)]),
        (BYTES, lambda: [LAYERS.Rescaling(1 / 255), LAYERS.Conv2D(2, 3)]),
        (BYTES, lambda: [LAYERS.BatchNormalization(), LAYERS.Conv2D(2, 3)]),
        (BYTES, lambda: [LAYERS.Conv2D(2, 3), LAYERS.BatchNormalization()]),
        (WORDS, lambda: [LAYERS.Embedding(900, 2)]),
        (X * [1, 1, 1, 900], lambda: [LAYERS.LayerNormalization()]),
        (X * 900, lambda: [LAYERS.Lambda(lambda v: v / 900)]),
    ],
)
def test_inputs_that_are_fine(x, make):
    assert codes(x, *make()) == []


@pytest.mark.parametrize(
    "words, x, make",
    [
        ("pixels", BYTES, lambda: [LAYERS.Conv2D(2, 3)]),
        ("pixels", BYTES, lambda: [LAYERS.Flatten(), LAYERS.Dense(2)]),
        ("unlike", X * [1, 1, 1, 900], lambda: [LAYERS.Dense(2)]),
        (
            "unlike",
            X * [1, 1, 1, 900],
            lambda: [LAYERS.Normalization(), LAYERS.Dense(2)],
        ),
        ("large", X + 500, lambda: [LAYERS.Dense(2)]),
        ("large", 80 + X[:, :, None] * 20, lambda: [LAYERS.LSTM(2)]),
        ("tiny", X / 9000, lambda: [LAYERS.Dense(2)]),
        (
            "twice",
            BYTES / 255,
            lambda: [LAYERS.Rescaling(1 / 255), LAYERS.Conv2D(2, 3)],
        ),
    ],
)
def test_inputs_that_are_not_scaled(words, x, make):
    (found,) = findings(x, *make())
    assert (found.code, found.topic) == ("X102", "preprocessing")
    assert words in found.message


@pytest.mark.parametrize("line", [0, 1], ids=["pixels", "columns"])
def test_the_line_to_copy_repairs(line):
    x = [BYTES.reshape(40, 64), X * [1, 1, 1, 900] + 70][line]
    names = {"x": x, "np": np}
    exec(findings(x)[0].fix.partition(";")[0], names)
    assert codes(names["x"]) == []


def test_numbers_of_words_without_an_embedding():
    (found,) = findings(WORDS)
    assert (found.code, found.topic, found.where) == (
        *("X103", "preprocessing"),
        "first",
    )
    assert f"Embedding({WORDS.max() + 1}" in found.fix


def test_values_that_are_none():
    x, y = X.copy(), Y * 1.0
    x[4, 2], y[7] = np.inf, np.nan
    found = findings(x, y=y)
    assert [one.code for one in found] == ["X101", "X101"]
    names = {"x": x, "y": y, "np": np}
    exec(found[0].fix, names)
    exec(found[1].fix, names)
    assert len(names["x"]) == len(names["y"]) == 58


@pytest.mark.parametrize(
    "severity, columns",
    [("advice", [2]), ("warning", [0, 1, 2]), ("error", [0, 1, 2, 3])],
)
def test_features_that_never_change(severity, columns):
    x = X.copy()
    x[:, columns] = 1.5
    (found,) = findings(x)
    assert (found.code, found.severity) == ("X104", severity)


def test_each_of_several_inputs_for_itself():
    one, two = keras.Input((4,)), keras.Input((4,))
    both = LAYERS.Concatenate()([LAYERS.Dense(2, name="left")(one), two])
    model = keras.Model([one, two], LAYERS.Dense(1, name="last")(both))
    (found,) = check_model(model, [X * 90, X], select=["X"]).findings
    assert (found.where, found.message[:5]) == ("left", "x[0] ")


def test_what_is_scaled_twice_is_scaled_once_by_the_repair():
    again = LAYERS.Rescaling(1 / 255, name="again")
    model = keras.Sequential([keras.Input((4,)), again, LAYERS.Dense(1)])
    model.compile("adam", "mse")
    x = RNG.random((60, 4))
    report = check_model(model, x, x[:, 0], select=["X102"])
    (repair,) = report.findings[0].repairs
    assert (repair.kind, repair.where) == ("remove_layer", "again")
    copy = apply_repairs(model, report, x, x[:, 0]).model
    assert not check_model(copy, x, x[:, 0], select=["X102"]).findings
