import threading

import keras
import numpy as np

from keras_trainkit.backend.model.symbolic_calls import symbolic_calls

L = keras.layers


@keras.saving.register_keras_serializable(package="keras_trainkit_tests")
class Residual(L.Layer):
    """A composite layer whose call keras.ops can trace."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = L.Dense(4)
        self.noise = L.GaussianNoise(0.1)

    def build(self, input_shape):
        self.dense.build(input_shape)

    def call(self, x):
        return keras.ops.relu(self.noise(self.dense(x)) + x)


class Counting(Residual):
    """One that needs numbers."""

    def call(self, x):
        if isinstance(x, keras.KerasTensor):
            self.dense(x)
            raise TypeError("no numbers")
        return super().call(x)

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape, dtype=x.dtype)


def functional(block):
    inner = keras.Sequential([keras.Input((4,)), L.Dense(4), L.Dropout(0.5)])
    inputs = keras.Input((4,))
    outputs = L.Dense(2)(block(inner(inputs)))
    return keras.Model(inputs, outputs), [inner, block]


def seen(model, containers):
    tensors = [keras.KerasTensor((None, 4))]
    calls, outputs = symbolic_calls(
        model, containers, tensors, {"training": True}
    )
    # What Keras inserts before the layers of a Sequential model.
    calls = [c for c in calls if isinstance(c.operation, L.Layer)]
    return [type(c.operation).__name__ for c in calls], calls, outputs


def test_what_is_inside_of_containers_is_noted_in_order():
    model, containers = functional(Residual())
    names, calls, outputs = seen(model, containers)
    assert names == ["Dense", "Dropout", "Dense", "GaussianNoise", "Dense"]
    assert calls[-1].outputs == outputs
    assert calls[1].training is True
    assert [one.shape for one in calls[0].inputs] == [(None, 4)]


def test_what_needs_numbers_stays_closed():
    model, containers = functional(Counting())
    names, _, _ = seen(model, containers)
    assert names == ["Dense", "Dropout", "Counting", "Dense"]


def test_nothing_is_left_behind():
    model, containers = functional(Residual())
    variables = [np.copy(v.numpy()) for v in model.variables]
    nodes = [len(vars(one)["_inbound_nodes"]) for one in model.layers]
    attributes = [set(vars(one)) for one in model.layers]
    seen(model, containers)
    assert [len(vars(one)["_inbound_nodes"]) for one in model.layers] == nodes
    assert [set(vars(one)) for one in model.layers] == attributes
    for variable, before in zip(model.variables, variables, strict=True):
        np.testing.assert_array_equal(variable.numpy(), before)


class Slow(Residual):
    """Its call lets another thread build a model in the middle."""

    def call(self, x):
        others = []
        thread = threading.Thread(target=lambda: others.append(two_layers()))
        thread.start()
        thread.join()
        vars(self)["other"] = others[0]
        return super().call(x)


def two_layers():
    inputs = keras.Input((3,))
    return keras.Model(inputs, L.Dense(2)(inputs))


def test_other_threads_build_models_as_ever():
    model, containers = functional(Slow())
    names, _, _ = seen(model, containers)
    assert names == ["Dense", "Dropout", "Dense", "GaussianNoise", "Dense"]
    other = vars(containers[1])["other"]
    assert other(np.ones((1, 3))).shape == (1, 2)
