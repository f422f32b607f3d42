"""Branches found among calls that are written down by hand."""

import keras
import pytest

from keras_trainkit.backend.model.symbolic_calls import SymbolicCall
from keras_trainkit.initializers.residual_branches import CallGraph

pytestmark = pytest.mark.one_backend

L = keras.layers


class Pass:
    """The calls of a pass; a tensor is a list that nothing looks into."""

    def __init__(self):
        self.calls = []

    def __call__(self, operation, *inputs):
        output = [operation.name]
        call = SymbolicCall(operation, list(inputs), [output], None)
        self.calls.append(call)
        return output

    def dense(self, name, x):
        return self(L.Dense(1, name=name), x)

    def add(self, name, *inputs):
        return self(L.Add(name=name), *inputs)

    def graph(self, *outputs):
        return CallGraph(self.calls, outputs)


def names(calls):
    return [call.operation.name for call in calls]


def found(graph):
    branches = graph.branches("model")
    return [(one.join.operation.name, names(one.calls)) for one in branches]


def test_what_is_added_to_an_input_of_the_model():
    run, x = Pass(), ["input"]
    y = run.add("sum", x, run.dense("two", run.dense("one", x)))
    assert found(run.graph(y)) == [("sum", ["one", "two"])]


def test_two_branches_beside_one_skip_connection():
    run = Pass()
    x = run.dense("stem", ["input"])
    left = run.dense("left", x)
    right = run.dense("right", run.dense("inner", x))
    y = run.add("sum", left, x, right)
    assert found(run.graph(y)) == [
        ("sum", ["left"]),
        ("sum", ["inner", "right"]),
    ]


def test_what_another_input_adds_to_a_branch_is_not_on_it():
    run, x = Pass(), ["input"]
    other = run.dense("encoder", ["another input"])
    h = run(L.Multiply(name="product"), run.dense("one", x), other)
    graph = run.graph(run.add("sum", x, run.dense("two", h)))
    assert found(graph) == [("sum", ["one", "two"])]
    assert not graph.is_passed_by(run.calls[1], graph.branches("model")[0])


def test_a_projection_is_a_skip_connection():
    run = Pass()
    x = run.dense("stem", ["input"])
    skip = run.dense("projection", x)
    y = run.add("sum", run.dense("two", run.dense("one", x)), skip)
    assert found(run.graph(y)) == [("sum", ["one", "two"])]


def test_sums_that_are_no_residual_ones():
    run, x = Pass(), ["input"]
    towers = run.add("towers", run.dense("a", x), run.dense("b", ["other"]))
    masked = run.add("masked", towers, run(L.Dropout(0.5, name="drop"), towers))
    assert found(run.graph(run.dense("head", masked))) == []


@pytest.mark.parametrize("inputs", [0, 1])
def test_the_heads_lie_behind_the_last_sum(inputs):
    run, x = Pass(), ["input"]
    y = run.add("sum", x, run.dense("branch", x))
    outputs = [y, run.dense("head", run(L.ReLU(name="relu"), y))][inputs:]
    graph = run.graph(*outputs)
    assert names(graph.heads(graph.branches("model"))) == ["head"]


def test_a_way_around_is_seen_and_the_chain_is_none():
    run, x = Pass(), ["input"]
    one = run.dense("one", x)
    gate = run.dense("gate", one)
    y = run.add("sum", x, run(L.Multiply(name="product"), one, gate))
    graph = run.graph(y)
    (branch,) = graph.branches("model")
    passed = [graph.is_passed_by(call, branch) for call in branch.calls]
    assert passed == [False, True]
    assert names(graph.others_with_weights(branch.join)) == []


def test_equal_sides_are_refused():
    run, x = Pass(), ["input"]
    run.add("sum", run.dense("a", x), run.dense("b", x))
    with pytest.raises(ValueError, match="at 'sum' each input has 1"):
        run.graph().branches("model")
