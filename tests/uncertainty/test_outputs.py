import keras
import numpy as np
import pytest

from keras_trainkit.uncertainty.outputs import OutputSettings
from keras_trainkit.uncertainty.outputs import classes_of
from keras_trainkit.uncertainty.outputs import output_names
from keras_trainkit.uncertainty.outputs import output_settings

X = np.zeros((2, 3))
NAMES = {
    "one": (X, (), ["output_0"]),
    "one, named": (X, ("y",), ["y"]),
    "a list": ([X, X], (), ["output_0", "output_1"]),
    "a list, named": ([X, X], ("a", "b"), ["a", "b"]),
    "a name twice": ([X, X, X], ("a", "a", "a"), ["a", "a_1", "a_2"]),
    "a dictionary": ({"b": X, "a": X}, ("p", "q"), ["a", "b"]),
    "nested": ({"b": [X, X], "a": X}, (), ["a", "b/0", "b/1"]),
}


@pytest.mark.parametrize("outputs, known, names", NAMES.values(), ids=NAMES)
def test_names(outputs, known, names):
    assert output_names(outputs, known) == names


def model(names=("a", "b")):
    x = keras.Input((3,))
    outputs = [keras.layers.Dense(3, name=name)(x) for name in names]
    return keras.Model(x, outputs)


SETTINGS = {
    "one for all": (("binary", False), [("binary", False)] * 2),
    "auto": (("auto", False), [("auto", False)] * 2),
    "logits": (("auto", True), [("classification", True), ("binary", True)]),
    "by name": (
        ({"b": "regression"}, {"a": True}),
        [("classification", True), ("regression", False)],
    ),
}


@pytest.mark.parametrize("asked, settled", SETTINGS.values(), ids=SETTINGS)
def test_settings_of_each_output(asked, settled):
    settings = output_settings(model().output_names, *asked)
    assert settings([np.zeros((2, 3)), np.zeros((2, 1))]) == settled
    assert hash(settings) == hash(output_settings(model().output_names, *asked))


@pytest.mark.parametrize("shape, size", [((2, 3), 3), ((2,), 1), ((2, 1), 1)])
def test_classes(shape, size):
    assert classes_of(np.zeros(shape)) == size


@pytest.mark.parametrize(
    "kind, from_logits, error, match",
    [
        ("multi", False, ValueError, r"`kind` must be one of .* kind='multi'"),
        ({"a": 3}, False, TypeError, r"`kind` must be one of"),
        ("auto", 1, TypeError, r"`from_logits` must be one of True, False"),
        ("regression", True, ValueError, r"must be `False` for a regression"),
    ],
)
def test_what_is_refused(kind, from_logits, error, match):
    with pytest.raises(error, match=match):
        output_settings(model().output_names, kind, from_logits)


@pytest.mark.parametrize(
    "outputs", [np.zeros(()), [X, np.zeros(())]], ids=["one", "one of two"]
)
def test_an_output_without_rows_is_refused(outputs):
    settings = OutputSettings((), "auto", False)
    with pytest.raises(ValueError, match=r"output 'output_.' is of shape \(\)"):
        settings(outputs)


@pytest.mark.parametrize(
    "asked", [({"c": "binary"}, False), ("auto", {"c": True})]
)
def test_names_of_no_output_are_refused(asked):
    settings = output_settings(model().output_names, *asked)
    with pytest.raises(ValueError, match=r"among \['a', 'b'\]"):
        settings([X, X])
