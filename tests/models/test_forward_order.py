import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.models import forward_order
from keras_trainkit.models.forward_order import OrderUnknown
from keras_trainkit.models.forward_order import call_order
from keras_trainkit.models.forward_order import in_call_order
from keras_trainkit.models.forward_order import is_graph
from keras_trainkit.models.forward_order import sublayers
from tests.helpers import younger
from tests.helpers.arrays import to_numpy
from tests.models import zoo

ONES = np.ones((2, 4), "float32")


class Reversed(keras.Model):
    """Two layers, created last first; subclasses say how they are called."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.last = keras.layers.Dense(1, name="last")
        self.first = keras.layers.Dense(4, name="first")

    def call(self, x):
        return self.last(self.first(x))


class FromDict(Reversed):
    def call(self, inputs):
        return self.last(self.first(inputs["a"] + inputs["b"]))


class FromList(Reversed):
    def call(self, inputs):
        return self.last(self.first(inputs[0] + inputs[1]))


class TwoArguments(Reversed):
    def build(self, x_shape, y_shape):
        self.first.build(x_shape)
        self.last.build((None, 4))

    def call(self, x, y):
        return self.last(self.first(x + y))


class StaticShape(Reversed):
    """`compute_output_shape` answers before any layer is called."""

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 1)


class Indices(Reversed):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.table = keras.layers.Embedding(5, 4, name="table")

    def call(self, x):
        # one_hot refuses floats, the dtype that a shape alone suggests.
        wide = keras.ops.one_hot(x, 5)[..., :4]
        return self.last(self.first(self.table(x) + wide))


class Random(Reversed):
    """Dropout and batch statistics in training mode, whatever is asked."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.norm = keras.layers.BatchNormalization(name="norm")
        self.drop = keras.layers.Dropout(0.5, name="drop", seed=1)

    def call(self, x):
        x = self.norm(self.first(x), training=True)
        return self.last(self.drop(x, training=True))


class Graph(keras.Model):
    """Functional by its constructor, with the graph's own `call`."""

    def train_step(self, *args):
        raise NotImplementedError


class Changed(Graph):
    def call(self, x):
        return self.get_layer("first")(x)


def graph(cls):
    inputs = keras.Input((4,))
    x = zoo.dense(4, "first")(inputs)
    return cls(inputs, zoo.dense(1, "last")(x))


def order(model):
    return zoo.names(in_call_order(sublayers(model), call_order(model)))


@pytest.mark.parametrize(
    "cls, data, expected",
    [
        (Reversed, (ONES,), ["first", "last"]),
        (FromDict, ({"a": ONES, "b": ONES},), ["first", "last"]),
        (FromList, ([ONES, ONES],), ["first", "last"]),
        (TwoArguments, (ONES, ONES), ["first", "last"]),
        (StaticShape, (ONES,), ["first", "last"]),
        (Indices, (ONES.astype("int32"),), ["table", "first", "last"]),
        (Random, (ONES,), ["first", "norm", "drop", "last"]),
    ],
)
def test_the_order_of_calls_is_found(cls, data, expected):
    model = cls()
    model(*data)
    assert order(model) == expected


def test_several_arguments_are_known_inside_a_functional_model():
    class Sum(Reversed):
        def call(self, x, y):
            return self.last(self.first(x + y))

    inner = Sum()
    inputs = [keras.Input((4,)), keras.Input((4,))]
    keras.Model(inputs, inner(*inputs))
    assert order(inner) == ["first", "last"]


def test_the_order_is_found_after_fit():
    model = FromDict()
    model.compile("sgd", "mse")
    model.fit({"a": ONES, "b": ONES}, ONES[:, :1], verbose=0)
    assert order(model) == ["first", "last"]


def test_the_order_is_found_after_loading(tmp_path):
    model = keras.saving.register_keras_serializable(zoo.PACKAGE)(Reversed)()
    model(ONES)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert order(loaded) == ["first", "last"]


def test_a_container_that_is_passed_over_counts_by_what_it_holds():
    class Direct(keras.Model):
        def __init__(self):
            super().__init__()
            self.last = keras.layers.Dense(1, name="last")
            self.base = zoo.backbone()

        def call(self, x):
            return self.last(self.base.get_layer("two")(x))

    model = Direct()
    model(ONES)
    assert order(model) == ["backbone", "last"]


def test_the_pass_leaves_the_model_as_it_was():
    model = Random()
    model(ONES)
    layers = model.layers
    calls = [layer.call for layer in layers]
    attributes = [dict(vars(layer)) for layer in layers]
    before = to_numpy([v.value for v in model.variables])
    call_order(model)
    assert [layer.call for layer in layers] == calls
    assert [vars(layer).keys() for layer in layers] == [
        own.keys() for own in attributes
    ]
    assert len(model.variables) == len(before)
    after = to_numpy([v.value for v in model.variables])
    np.testing.assert_equal(after, before)


def test_a_pass_that_fails_leaves_the_layers_as_they_were():
    class Broken(Reversed):
        broken = False

        def call(self, x):
            x = self.first(x)
            if self.broken:
                raise RuntimeError("broken on purpose")
            return self.last(x)

    model = Broken()
    model(ONES)
    calls = [layer.call for layer in model.layers]
    model.broken = True
    with pytest.raises(OrderUnknown, match="broken on purpose"):
        call_order(model)
    assert [layer.call for layer in model.layers] == calls


def test_layers_that_are_not_built_are_not_built_by_the_pass():
    class Later(Reversed):
        later = False

        def call(self, x):
            return self.last(self.first(x)) if self.later else self.first(x)

    model = Later()
    model(ONES)
    model.later = True
    with pytest.raises(OrderUnknown, match="'last' has not been built"):
        call_order(model)
    assert not model.last.built
    assert model.last.weights == []
    assert model(ONES).shape == (2, 1)


def test_a_model_that_is_not_built_has_no_order():
    with pytest.raises(OrderUnknown, match=r"has not been built.*by patterns"):
        call_order(Reversed())


@pytest.mark.parametrize(
    "model, expected",
    [
        (zoo.sequential, True),
        (zoo.nested, True),
        (lambda: graph(Graph), True),
        (lambda: graph(Changed), False),
        (zoo.subclassed, False),
        (zoo.Block, False),
    ],
    ids=[
        "Sequential",
        "functional",
        "functional with a train_step",
        "functional with a call",
        "subclassed",
        "a layer",
    ],
)
def test_what_is_a_graph(model, expected):
    assert is_graph(model()) is expected


@younger.needs_layers_beside_a_graph
def test_a_layer_beside_the_graph_comes_before_it():
    model = graph(keras.Model)
    model.beside = keras.layers.Dense(1, name="beside")
    assert zoo.names(sublayers(model)) == ["beside", "first", "last"]


def test_every_error_of_the_order_is_a_value_error():
    assert issubclass(forward_order.OrderUnknown, ValueError)


class Doubled(keras.Model):
    """Functional, with a `call` of its own."""

    def call(self, x, training=None, mask=None):
        return 2 * super().call(x, training=training)


def test_a_functional_model_with_a_call_of_its_own_has_an_order():
    inputs = keras.Input((4,))
    outputs = keras.layers.Dense(2, name="stem")(inputs)
    model = Doubled(inputs, keras.layers.Dense(1, name="head")(outputs))
    paths = ktk.models.layer_paths(model)
    assert paths == ["stem", "head"]
    assert [one.name for one in ktk.models.select(model, 1)] == ["head"]
