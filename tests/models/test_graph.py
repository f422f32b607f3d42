import gc
import types
import weakref

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_trainkit.models.graph import Steps
from keras_trainkit.models.graph import graph_layers
from keras_trainkit.models.graph import graph_of
from keras_trainkit.models.graph import reached
from keras_trainkit.models.graph import run
from keras_trainkit.models.graph import split
from keras_trainkit.models.graph import tensors_before
from tests.helpers.arrays import to_numpy
from tests.helpers.random_zoo import FEATURES
from tests.helpers.random_zoo import TIME
from tests.helpers.random_zoo import Subclassed
from tests.models import zoo

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


def test_a_step_knows_the_layers_in_it():
    x = keras.Input((TIME, FEATURES))
    layer = L.TimeDistributed(L.Dense(2))
    entry, timed, total = Steps(keras.Model(x, layer(x) + 1)).steps
    assert set(timed.layers) == {layer, layer.layer}
    assert entry.layers == [] and total.layers == []


def test_nested_models_may_stay_closed():
    model = deeply_nested()
    graph = Steps(model, open_nested=False)
    operations = [one.operation for one in graph.steps if one.operation]
    assert operations[0] is graph_layers(model)[0]
    values = {0: flat_input()}
    run(graph.steps, values)
    expected = to_numpy(model(flat_input()))
    found = to_numpy(values[graph.outputs[0]])
    np.testing.assert_array_equal(found, expected)


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


def step(name, inputs, outputs):
    return types.SimpleNamespace(name=name, inputs=inputs, outputs=outputs)


def cut(steps, random, outputs):
    head, tail, frontier = split(steps, lambda s: s.name in random, outputs)
    return [s.name for s in head], [s.name for s in tail], frontier


CHAIN = [step("a", [0], [1]), step("r", [1], [2]), step("b", [2], [3])]
DIAMOND = [
    step("a", [0], [1]),
    step("r", [1], [2]),
    step("b", [1], [3]),
    step("c", [3], [4]),
    step("add", [2, 4], [5]),
]
CASES = {
    "chain": (CHAIN, "r", [3], (["a"], ["r", "b"], [1])),
    "first": (CHAIN, "a", [3], ([], ["a", "r", "b"], [0])),
    "last": (CHAIN, "b", [3], (["a", "r"], ["b"], [2])),
    "none": (CHAIN, "", [3], (["a", "r", "b"], [], [3])),
    "a branch beside it": (
        DIAMOND,
        "r",
        [5],
        (["a", "b", "c"], ["r", "add"], [1, 4]),
    ),
    "an output before it": (CHAIN, "b", [1, 3], (["a", "r"], ["b"], [2, 1])),
    "behind no output": (CHAIN, "b", [2], (["a", "r"], [], [2])),
    "two random ones": (CHAIN, "rb", [3], (["a"], ["r", "b"], [1])),
    "the input is an output": (CHAIN, "r", [0, 3], (["a"], ["r", "b"], [1, 0])),
}


@pytest.mark.parametrize(
    "steps, random, outputs, found", CASES.values(), ids=CASES
)
def test_cuts(steps, random, outputs, found):
    assert cut(steps, random, outputs) == found


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 12))
    steps = []
    for place in range(count):
        inputs = draw(
            st.lists(st.integers(0, place), min_size=1, max_size=3, unique=True)
        )
        steps.append(step(place, inputs, [place + 1]))
    random = draw(st.sets(st.integers(0, count - 1)))
    outputs = draw(
        st.lists(st.integers(1, count), min_size=1, max_size=3, unique=True)
    )
    return steps, random, outputs


def evaluated(steps, values):
    for one in steps:
        inputs = tuple(values[ref] for ref in one.inputs)
        values[one.outputs[0]] = (one.name, inputs)
    return values


@given(graphs())
def test_head_and_tail_compute_what_the_graph_does(graph):
    steps, random, outputs = graph
    head, tail, frontier = split(steps, lambda s: s.name in random, outputs)
    whole = evaluated(steps, {0: "x"})
    first = evaluated(head, {0: "x"})
    second = evaluated(tail, {ref: first[ref] for ref in frontier})
    assert [second[ref] for ref in outputs] == [whole[ref] for ref in outputs]
    assert not random.intersection(one.name for one in head)


def reached_steps(steps, starts, stops=""):
    found = reached(
        steps, lambda s: s.name in starts, lambda s: s.name in stops
    )
    return [s.name for s in steps if found.intersection(s.outputs)]


REACHED = {
    "all behind it": (CHAIN, "r", "", ["r", "b"]),
    "nothing": (CHAIN, "", "", []),
    "one branch": (DIAMOND, "r", "", ["r", "add"]),
    "stopped": (CHAIN, "r", "b", ["r"]),
    "stopped at once": (CHAIN, "a", "rb", ["a"]),
    "around the stop": (DIAMOND, "a", "r", ["a", "b", "c", "add"]),
    "what stops may start": (CHAIN, "rb", "b", ["r", "b"]),
}


@pytest.mark.parametrize(
    "steps, starts, stops, names", REACHED.values(), ids=REACHED
)
def test_what_depends_on_a_step(steps, starts, stops, names):
    assert reached_steps(steps, starts, stops) == names


X = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")


def last_layers(model, drop):
    layers = graph_layers(model)
    return layers[len(layers) - drop :]


def output_of(model, drop, data=X):
    (tensor,) = tensors_before(model, last_layers(model, drop))
    return keras.Model(model.input, tensor).predict(data, verbose=0)


def chain(softmax=False):
    """Dense, an operation, Dense, and perhaps an operation at the end."""
    inputs = keras.Input((4,))
    x = keras.ops.tanh(zoo.dense(5, "first")(inputs))
    x = zoo.dense(3, "last")(x)
    x = keras.ops.softmax(x) if softmax else x
    return keras.Model(inputs, x)


def kernel(model, name):
    return np.array(model.get_layer(name).get_weights()[0], "float64")


@pytest.mark.parametrize("softmax", [False, True])
def test_operations_before_the_cut_stay_and_those_behind_it_go(softmax):
    model = chain(softmax)
    expected = np.tanh(X @ kernel(model, "first"))
    np.testing.assert_allclose(output_of(model, 1), expected, atol=1e-5)


def test_before_no_layer_is_the_whole_graph():
    model = chain(softmax=True)
    expected = model.predict(X, verbose=0)
    np.testing.assert_allclose(output_of(model, 0), expected, atol=1e-6)


def test_a_layer_that_was_called_elsewhere_before_is_cut_in_this_graph():
    """`layer.input` would tell of the other graph."""
    head = zoo.dense(2, "head")
    head(keras.Input((4,)))
    inputs = keras.Input((4,))
    hidden = zoo.dense(4, "hidden")
    model = keras.Model(inputs, head(hidden(inputs)))
    expected = X @ kernel(model, "hidden")
    np.testing.assert_allclose(output_of(model, 1), expected, atol=1e-5)


def test_a_nested_model_counts_as_one_layer():
    model = zoo.nested()
    assert zoo.names(graph_layers(model)) == ["outer", "head"]
    expected = model.get_layer("outer").predict(X, verbose=0)
    np.testing.assert_allclose(output_of(model, 1), expected, atol=1e-6)


def test_a_branch_that_is_dropped_whole_leaves_one_tensor():
    inputs = keras.Input((4,))
    stem = zoo.dense(4, "stem")(inputs)
    left, right = zoo.dense(2, "left")(stem), zoo.dense(2, "right")(stem)
    model = keras.Model(inputs, keras.layers.Add()([left, right]))
    expected = X @ kernel(model, "stem")
    np.testing.assert_allclose(output_of(model, 3), expected, atol=1e-5)


@pytest.mark.parametrize("drop", [3, 4])
def test_several_tensors_may_cross_the_cut(drop):
    model = zoo.branches()
    assert len(tensors_before(model, last_layers(model, drop))) == 2


def test_the_structure_of_the_inputs_is_kept():
    inputs = {
        "a": keras.Input((4,), name="a"),
        "b": keras.Input((4,), name="b"),
    }
    x = keras.layers.Concatenate()([inputs["a"], inputs["b"]])
    model = keras.Model(inputs, zoo.dense(1, "head")(x))
    assert set(model.input) == {"a", "b"}
    np.testing.assert_array_equal(
        output_of(model, 1, {"a": X, "b": -X}), np.hstack([X, -X])
    )
