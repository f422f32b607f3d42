import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.models import SubclassedMLP
from tests.helpers.tanh_net import tanh_net

multipliers = ktk.optimizers.multipliers


def branch():
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(4, name="hidden")(inputs)
    return keras.Model(inputs, keras.layers.Dense(4, name="out")(hidden))


def twins():
    """Two nested models whose weights carry the same paths."""
    inputs = keras.Input((4,))
    one, other = branch(), branch()
    one.name, other.name = "one", "other"
    head = keras.layers.Dense(1, name="head")
    return keras.Model(inputs, head(one(inputs) + other(inputs)))


def of(found, model):
    return [found(weight) for weight in model.weights]


SELECTIONS = {
    "pattern": ({"low": 0.1}, [0.1, 0.1, 1, 1, 1, 1]),
    "the last one counts": (
        {"all": 0.1, "h*": 0.5, 1: 2.0},
        [0.1, 0.1, 0.5, 0.5, 2, 2],
    ),
    "callable": (
        {(lambda layer: layer.name == "high"): 0},
        [1, 1, 0, 0, 1, 1],
    ),
    "groups": ({ktk.models.groups(2): 0.5}, [1, 1, 0.5, 0.5, 0.5, 0.5]),
    "several patterns": ({("low", "head"): 0.5}, [0.5, 0.5, 1, 1, 0.5, 0.5]),
}


@pytest.mark.parametrize("case", SELECTIONS)
def test_selections_are_those_of_fine_tuning(case):
    selections, expected = SELECTIONS[case]
    model = tanh_net()
    assert of(multipliers(model, selections), model) == expected


def test_equal_paths_are_told_apart():
    model = twins()
    found = multipliers(model, {"one/*": 0.1, "other/out": 0.5})
    paths = [weight.path for weight in model.weights]
    assert len(set(paths)) < len(paths)
    assert of(found, model) == [0.1] * 4 + [1, 1, 0.5, 0.5, 1, 1]


@pytest.mark.parametrize("frozen", [False, True])
def test_equal_paths_are_told_apart_in_a_loaded_model(frozen, tmp_path):
    model = twins()
    model.get_layer("one").trainable = not frozen
    found = multipliers(model, {"one/*": 0.1, "other/out": 0.5})
    optimizer = ktk.optimizers.LayerwiseLearningRate("sgd", found)
    model.compile(optimizer, "mse")
    model.fit(np.ones((4, 4)), np.ones((4, 1)), verbose=0)
    model.save(tmp_path / "twins.keras")
    loaded = keras.models.load_model(tmp_path / "twins.keras")
    trained = loaded.trainable_weights
    expected = [] if frozen else [0.1] * 4
    assert [loaded.optimizer.multiplier_of(w) for w in trained] == [
        *expected,
        *[1, 1, 0.5, 0.5, 1, 1],
    ]


def test_a_subclassed_model_is_taken():
    model = SubclassedMLP()
    model(np.ones((2, 4), "float32"))
    found = multipliers(model, {"hidden": 0.5})
    assert found(model.hidden.kernel) == 0.5
    assert found(model.head.kernel) == 1.0


BAD = {
    "unbuilt": (lambda: keras.Sequential([keras.layers.Dense(1)]), {}, "built"),
    "matches nothing": (tanh_net, {"stem": 0.5}, "stem"),
    "overruled": (tanh_net, {"low": 0.5, "all": 0.1}, "general ones first"),
    "negative": (tanh_net, {"low": -1}, "at least 0"),
}


@pytest.mark.parametrize("case", BAD)
def test_values_that_are_refused(case):
    make, selections, words = BAD[case]
    with pytest.raises(ValueError, match=words):
        multipliers(make(), selections)


@pytest.mark.parametrize(
    ("model", "selections"),
    [
        ("model", {"low": 0.5}),
        (tanh_net(), {}),
        (tanh_net(), ["low"]),
        (tanh_net(), {"low": "half"}),
    ],
    ids=["no model", "empty", "a list", "no number"],
)
def test_types_that_are_refused(model, selections):
    with pytest.raises(TypeError):
        multipliers(model, selections)
