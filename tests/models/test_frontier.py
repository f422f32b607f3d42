import types

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_trainkit.models.frontier import split


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
