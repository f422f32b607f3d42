import keras
import numpy as np

from keras_trainkit.diagnostics.facts.subject import Subject
from keras_trainkit.diagnostics.facts.summary import layer_table
from keras_trainkit.diagnostics.facts.summary import summary
from tests.helpers.models import mlp

X, Y = np.ones((70, 8), "float32"), np.ones((70, 1), "float32")


def test_what_was_looked_at_is_said():
    model = mlp()
    model.compile(keras.optimizers.SGD(0.5), "mse")
    said = summary(Subject(model, X, Y, batch_size=7, epochs=2000))
    assert said["optimizer"] == "sgd, learning rate 0.5"
    assert said["loss"] == "mean_squared_error"
    assert said["weights"] == "41"
    assert (said["rows"], said["batch size"], said["epochs"]) == (
        "70",
        "7",
        "2,000",
    )


def test_what_is_not_known_is_left_out():
    assert set(summary(Subject(mlp()))) == {"model", "layers", "weights"}


def test_layers_are_listed_with_what_they_weigh():
    rows = layer_table(Subject(mlp()))
    assert [(one["path"], one["parameters"]) for one in rows] == [
        ("hidden", 36),
        ("head", 5),
    ]
    assert rows[0]["activation"] == "tanh"
    assert rows[0]["shape"] == [None, 4]
