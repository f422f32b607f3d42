"""Which BatchNormalizations are measured together, and in which order."""

import keras
import pytest

from keras_trainkit.batch_norm.levels import levels

layers = keras.layers


def norm(name):
    return layers.BatchNormalization(name=name)


def branches():
    inputs = keras.Input((3,))
    a, b = norm("a")(inputs), norm("b")(layers.Dense(3)(inputs))
    return keras.Model(inputs, layers.Dense(1)(norm("c")(a + b)))


def siamese():
    inputs, norms = keras.Input((3,)), norm("shared")
    left = norms(inputs)
    deep = norm("deep")(layers.Dense(3)(inputs))
    right = norms(deep)
    return keras.Model(inputs, norm("last")(left + right))


def behind_itself():
    inputs, norms = keras.Input((3,)), norm("again")
    return keras.Model(inputs, norm("last")(norms(norms(inputs))))


def block():
    class Block(layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner, self.outer = norm("inner"), norm("outer")

        def call(self, x):
            return self.outer(self.inner(x))

    inputs = keras.Input((3,))
    return keras.Model(inputs, norm("last")(Block()(inputs)))


# Names by level, and the longest chain within each.
EXPECTED = {
    branches: ([["a", "b"], ["c"]], [1, 1]),
    siamese: ([["deep"], ["shared"], ["last"]], [1, 1, 1]),
    behind_itself: ([["again", "last"]], [2]),
    block: ([["inner", "outer"], ["last"]], [2, 1]),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("make", EXPECTED)
def test_levels(make):
    model = make()
    norms = [
        one
        for one in model._flatten_layers()
        if isinstance(one, layers.BatchNormalization)
    ]
    first, *others = levels(model, norms)
    names = [sorted(one.name for one in level.layers) for level in others]
    assert (names, [level.longest for level in others]) == EXPECTED[make]
    assert first.layers == first.measured == []
    assert others[-1].frontier == []
    made = {0}
    for before, level in zip([first, *others], others, strict=False):
        made = made.union(*(step.outputs for step in before.steps))
        read = {ref for step in level.steps for ref in step.inputs}
        own = {ref for step in level.steps for ref in step.outputs}
        assert read - own <= set(before.frontier)
        assert set(before.frontier) <= made
