import gc
import weakref

import keras
import numpy as np
import pytest

from keras_trainkit.models.graph import Steps
from keras_trainkit.models.graph import graph_of
from keras_trainkit.models.graph import run
from tests.helpers.arrays import to_numpy
from tests.helpers.random_zoo import FEATURES
from tests.helpers.random_zoo import TIME
from tests.helpers.random_zoo import Subclassed

L = keras.layers


def two_inputs():
    a, b = keras.Input((FEATURES,), name="a"), keras.Input((3,), name="b")
    h = L.Concatenate()([L.Dense(3)(a), b])
    return keras.Model({"a": a, "b": b}, {"y": L.Dense(2)(h), "h": h})


def deeply_nested():
    inner = keras.Sequential([keras.Input((4,)), L.Dense(4, "tanh")])
    x = keras.Input((FEATURES,))
    middle = keras.Model(x, [inner(L.Dense(4)(x)), inner(L.Dense(4)(x))])
    y = keras.Input((FEATURES,))
    return keras.Model(y, L.Add()(middle(y)) * 2 + 1)


def masks_through_a_nested_model():
    inner = keras.Sequential(
        [keras.Input((TIME, FEATURES)), L.Dense(3), L.Dense(3)]
    )
    x = keras.Input((TIME, FEATURES))
    return keras.Model(x, L.LSTM(2)(inner(L.Masking()(x))))


def mixed():
    policy = "mixed_bfloat16"
    inner = keras.Sequential(
        [keras.Input((FEATURES,)), L.Dense(4, dtype=policy)], name="inner"
    )
    inner.dtype_policy = policy
    x = keras.Input((FEATURES,))
    return keras.Model(x, L.Dense(2, dtype="float32")(inner(x)))


def flat_input(rows=3):
    x = np.random.default_rng(0).normal(size=(rows, FEATURES))
    return x.astype("float32")


def sequence_input():
    x = np.random.default_rng(0).normal(size=(3, TIME, FEATURES))
    x[:, -2:] = 0
    return x.astype("float32")


MODELS = {
    "dictionaries": (
        two_inputs,
        lambda: {"b": flat_input()[:, :3], "a": flat_input()},
    ),
    "nested twice": (deeply_nested, flat_input),
    "masks": (masks_through_a_nested_model, sequence_input),
    "mixed precision": (mixed, flat_input),
    "integers are cast": (deeply_nested, lambda: flat_input().astype("int32")),
    "a missing axis": (
        lambda: keras.Sequential([keras.Input((1,)), L.Dense(2)]),
        lambda: flat_input()[:, 0],
    ),
}


def computed(model, x):
    graph = Steps(model)
    values = {0: x}
    run(graph.steps, values)
    found = [values[ref] for ref in graph.outputs]
    return graph, [to_numpy(one) for one in found]


@pytest.mark.filterwarnings("ignore:.*destroy the mask")
@pytest.mark.parametrize("make, data", MODELS.values(), ids=MODELS)
def test_the_steps_compute_what_the_model_does(make, data):
    keras.utils.set_random_seed(0)
    model, x = make(), data()
    graph, found = computed(model, x)
    expected = keras.tree.flatten(to_numpy(model(x, training=False)))
    order = keras.tree.flatten(graph.structure)
    by_ref = dict(zip(graph.outputs, found, strict=True))
    for ref, theirs in zip(order, expected, strict=True):
        np.testing.assert_array_equal(by_ref[ref], theirs)
        assert by_ref[ref].dtype == theirs.dtype


def test_nested_models_are_opened():
    graph = Steps(deeply_nested())
    layers = [one.operation for one in graph.steps if one.operation]
    assert not any(isinstance(layer, keras.Model) for layer in layers)
    assert sum(isinstance(layer, L.Dense) for layer in layers) == 4


def test_what_is_no_graph_is_one_step():
    graph = Steps(Subclassed())
    assert len(graph.steps) == 1 and graph.structure is None
    assert graph_of(Subclassed()) is None and graph_of(L.Dense(1)) is None


@pytest.mark.parametrize("make", [deeply_nested, Subclassed, mixed])
def test_the_model_is_not_kept_alive(make):
    model = make()
    graph = Steps(model)
    dead = weakref.ref(model)
    del model
    gc.collect()
    assert graph.steps and dead() is None


def test_a_wrong_shape_is_refused_as_by_the_model():
    with pytest.raises(ValueError, match="incompatible"):
        computed(deeply_nested(), flat_input()[:, :2])


def test_keras_still_has_the_privates():
    model = deeply_nested()
    assert model._nodes_by_depth and model._outputs_struct is not None
    assert callable(model._standardize_inputs)
    assert callable(model._assert_input_compatibility)
    assert callable(model._set_mask_metadata)
    assert model._convert_input_args is False
    assert keras.Sequential([keras.Input((2,)), L.Dense(1)])._functional
