import re

import keras
import numpy as np
import pytest

from keras_trainkit.models.selection import select
from tests.models import zoo


class Untraceable(keras.Model):
    """Its `call` cannot be run on symbolic inputs."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.last = keras.layers.Dense(1, name="last")
        self.first = keras.layers.Dense(4, name="first")

    def call(self, x):
        if isinstance(x, keras.KerasTensor) or keras.ops.shape(x)[0] != 2:
            raise RuntimeError("data only")
        return self.last(self.first(x))


def untraceable():
    model = Untraceable()
    model.first.build((2, 4))
    model.last.build((2, 4))
    model.built = True
    return model


CASES = [
    ("sequential", "all", ["hidden", "norm", "head"]),
    ("sequential", 1, ["head"]),
    ("sequential", 2, ["hidden", "norm", "head"]),
    ("sequential", "h*", ["hidden", "head"]),
    ("sequential", "hidden", ["hidden"]),
    ("sequential", ["head", "hidden", "h*"], ["hidden", "head"]),
    ("sequential", ("norm",), ["norm"]),
    ("nested", 2, ["two", "head"]),
    ("nested", 3, ["one", "norm", "two", "head"]),
    ("nested", "outer", ["one", "norm", "two"]),
    ("nested", "outer/*", ["one", "norm", "two"]),
    ("nested", "*/one", ["one"]),
    ("nested", "*/o*e", ["one"]),
    ("nested", "*backbone", ["one", "norm", "two"]),
    ("nested", "*", ["one", "norm", "two", "head"]),
    ("nested", "[!o]*", ["head"]),
    ("nested", lambda layer: "o" in layer.name, ["one", "norm", "two"]),
    ("branches", 2, ["right", "norm_right", "norm_sum", "head"]),
    ("subclassed", 1, ["head"]),
    ("subclassed", 2, ["hidden", "head"]),
    ("subclassed", 4, ["model", "unused", "hidden", "head"]),
    ("subclassed", "model", ["model"]),
    ("subclassed inside", "inner", ["inner", "unused", "hidden", "head"]),
    ("shared", "right/both", ["both"]),
    ("shared", "*both", ["both"]),
    ("block", 2, ["block", "head"]),
    ("block", "block", ["block"]),
    ("block", "block/first", ["first"]),
    ("block", ["block", "block/first"], ["block"]),
    ("block", "*", ["stem", "block", "head"]),
    (
        "block",
        lambda layer: isinstance(layer, keras.layers.Dense),
        ["stem", "second", "first", "head"],
    ),
    ("attention", 2, ["attention", "head"]),
    ("attention", "attention/[qk]*", ["query", "key"]),
    (
        "attention",
        lambda layer: isinstance(layer, keras.layers.MultiHeadAttention),
        ["attention"],
    ),
    ("bidirectional", 2, ["both_ways", "head"]),
    ("bidirectional", "*/backward_lstm", ["backward_lstm"]),
    ("cells", "rnn/*/high", ["high"]),
    ("wrapped", 3, ["timed", "spectral", "head"]),
    ("wrapped", "timed/backbone/one", ["one"]),
    ("wrapped", "timed/backbone", ["one", "norm", "two"]),
]


@pytest.mark.parametrize("kind, selection, expected", CASES)
def test_what_a_selection_means(kind, selection, expected):
    assert zoo.names(select(zoo.ZOO[kind](), selection)) == expected


@pytest.mark.parametrize("kind", zoo.ZOO)
def test_all_means_every_weight_once(kind):
    model = zoo.ZOO[kind]()
    layers = select(model, "all")
    assert len({id(layer) for layer in layers}) == len(layers)
    held = {id(weight) for layer in layers for weight in layer.weights}
    assert held == {id(weight) for weight in model.weights}


@pytest.mark.parametrize(
    "selection, message",
    [
        (0, "`selection` must be at least 1.*selection=0"),
        (-1, "at least 1"),
        (3, "at most 2, the number .*selection=3. There is: hidden, norm"),
        ("heads", "selection='heads'. There is: hidden, norm, head."),
        ("drop", "There is: hidden"),
        ("Head", "There is"),
        (["head", "tail"], "selection='tail'"),
        ([], r"selection=\[\]"),
        (lambda layer: False, "There is: hidden"),
    ],
)
def test_a_selection_that_matches_nothing_says_what_there_is(
    selection, message
):
    with pytest.raises(ValueError, match=message):
        select(zoo.sequential(), selection)


@pytest.mark.parametrize(
    "selection",
    [
        True,
        None,
        1.0,
        [1],
        ["head", 1],
        {"head": 1},
        keras.layers.Dense(1),
        keras.layers.BatchNormalization,
    ],
    ids=["bool", "None", "float", "ints", "mixed", "dict", "layer", "class"],
)
def test_a_selection_of_the_wrong_type_is_refused(selection):
    with pytest.raises(TypeError, match="'all', an int, a shell pattern"):
        select(zoo.sequential(), selection)


def test_a_long_list_is_cut():
    layers = [zoo.dense(1, f"dense_{n}") for n in range(33)]
    model = keras.Sequential([keras.Input((1,)), *layers])
    with pytest.raises(ValueError) as error:
        select(model, "nothing")
    assert "dense_29, ... and 3 more." in str(error.value)


@pytest.mark.parametrize("group", [list, tuple, set, frozenset])
def test_patterns_come_in_any_group(group):
    chosen = select(zoo.sequential(), group(["head", "nor*"]))
    assert zoo.names(chosen) == ["norm", "head"]


@pytest.mark.parametrize("n", [np.int64(1), np.uint8(1)])
def test_numpys_integers_count(n):
    assert zoo.names(select(zoo.sequential(), n)) == ["head"]


@pytest.mark.parametrize(
    "selection, expected",
    [
        ("all", ["last", "first"]),
        ("*st", ["last", "first"]),
        (lambda layer: layer.name == "first", ["first"]),
    ],
    ids=["all", "pattern", "callable"],
)
def test_without_an_order_all_but_ints_work(selection, expected):
    assert zoo.names(select(Untraceable(), selection)) == expected


def test_without_an_order_an_int_says_what_to_do():
    with pytest.raises(
        ValueError, match=r"Call the model on a batch .* patterns"
    ):
        select(Untraceable(), 1)


def test_an_int_says_why_the_order_is_unknown():
    with pytest.raises(ValueError, match="unknown while it has not been built"):
        select(untraceable(), 1)


@pytest.mark.parametrize("n", range(1, 6))
def test_an_int_selects_what_is_run_last(n):
    """Freezing what is left means: the first layers' outputs are unchanged."""
    inputs = keras.Input((4,))
    x = inputs
    for name in "abcde":
        x = zoo.dense(4, name)(x)
    model = keras.Model(inputs, x)
    chosen = zoo.names(select(model, n))
    data = np.ones((2, 4), "float32")
    prefix = keras.Model(inputs, model.layers[-n].input)
    before = prefix.predict(data, verbose=0)
    for name in chosen:
        layer = model.get_layer(name)
        layer.set_weights([w + 1 for w in layer.get_weights()])
    np.testing.assert_array_equal(prefix.predict(data, verbose=0), before)
    assert re.fullmatch("a?b?c?d?e", "".join(chosen))
