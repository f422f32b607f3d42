"""What the table of a model's groups says."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.models.paths import layer_paths
from keras_trainkit.transfer.describe import describe
from tests.models import stacks
from tests.models import zoo


@pytest.mark.one_backend
def test_it_reads_as_a_table():
    model = zoo.nested()
    ktk.transfer.set_trainable(model, 1)
    assert str(describe(model)).splitlines() == [
        "group  path                 weights  trainable  multiplier",
        "----------------------------------------------------------",
        "0      outer/backbone/one        20          0",
        "       outer/backbone/norm       16          0",
        "1      outer/backbone/two        20          0",
        "2      head                       5          5",
        "----------------------------------------------------------",
        "       all                       61          5",
    ]


@pytest.mark.one_backend
@pytest.mark.one_backend
@pytest.mark.parametrize("kind", zoo.ZOO)
def test_it_counts_every_weight_once(kind):
    model = zoo.ZOO[kind]()
    rows = describe(model).rows
    count = sum(int(np.prod(w.shape)) for w in model.weights)
    trained = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert sum(row.weights for row in rows) == count
    assert sum(row.trainable for row in rows) == trained
    assert {row.path for row in rows} <= set(layer_paths(model))


def test_a_stack_is_listed_with_what_it_owns_itself():
    model = stacks.transformer(count=2, token=True)
    rows = [(row.group, row.path, row.weights) for row in describe(model).rows]
    block = 2 * 20 + 8 + 2 * 20
    assert rows == [
        (0, "stem", 20),
        (1, "stack", 4),
        (1, "stack/block_0", block),
        (2, "stack/block_1", block),
        (2, "stack/last_norm", 8),
        (3, "head", 5),
    ]


@pytest.mark.one_backend
@pytest.mark.parametrize("wrap", [False, True], ids=["bare", "loss scaling"])
def test_multipliers_are_those_of_the_optimizer(wrap):
    model = zoo.sequential()
    norm = model.get_layer("norm").gamma
    optimizer = ktk.optimizers.LayerwiseLearningRate(
        "sgd",
        lambda variable: (
            {"kernel": 0.5}.get(variable.name, 1.0)
            if variable is not norm
            else 0.125
        ),
    )
    if wrap:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    model.compile(optimizer, "mse")
    model.get_layer("head").trainable = False
    found = [row.multipliers for row in describe(model).rows]
    assert found == [(0.5, 1.0), (0.125, 1.0), None]
    assert "  0.125 to 1\n" in str(describe(model))


@pytest.mark.one_backend
def test_it_takes_the_number_of_groups():
    groups = [row.group for row in describe(zoo.nested(), 2).rows]
    assert groups == [0, 0, 0, 1]


def test_names_are_escaped_in_html():
    model = keras.Sequential(
        [keras.Input((2,)), zoo.dense(1, "<b>&head")], name="<script>"
    )
    text = describe(model)._repr_html_()
    assert "<script>" not in text and "<b>" not in text
    assert "&lt;b&gt;&amp;head" in text and "&lt;script&gt;" in text
    assert text.count("<tr>") == 3


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"model": zoo}, TypeError, "keras.Model"),
        ({"n": 3}, ValueError, "at most 2"),
        ({"n": 1.0}, TypeError, "integer"),
    ],
    ids=["no model", "too many", "a float"],
)
def test_bad_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        describe(**{"model": zoo.sequential(), **arguments})
