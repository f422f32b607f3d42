"""LSUV: every layer's variance is 1, nothing else has changed."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.arrays import to_numpy
from tests.helpers.fit_state import changes
from tests.helpers.fit_state import random_states
from tests.models import zoo

L = keras.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 4)).astype("float32")
OVER_TIME = RNG.normal(size=(64, 3, 4)).astype("float32")


def replayed(kernels, x, activation):
    """Returns the kernels that LSUV ends with, in float64 NumPy."""
    found = []
    for kernel in kernels:
        kernel = kernel.astype("float64")
        z = x @ kernel
        if abs(z.var() - 1) > 0.1:
            kernel, z = kernel / z.std(), z / z.std()
        found.append(kernel)
        x = activation(z)
    return found


def swish(z):
    return z / (1 + np.exp(-z))


def chain(depth=4):
    return keras.Sequential(
        [
            keras.Input((4,)),
            *[
                L.Dense(6, activation="swish", name=f"d{i}")
                for i in range(depth)
            ],
        ]
    )


def test_kernels_are_those_of_a_replay():
    model = chain()
    before = model.get_weights()
    found = ktk.initializers.lsuv(model, X, orthogonal=False)
    for place, kernel in enumerate(replayed(before[::2], X, swish)):
        np.testing.assert_allclose(
            model.get_weights()[2 * place], kernel, rtol=1e-4
        )
    assert [one.path for one in found.layers] == ["d0", "d1", "d2", "d3"]
    assert found.layers[0].before == pytest.approx((X @ before[0]).var(), 1e-4)
    assert all(abs(one.after - 1) <= 0.1 for one in found.layers)
    np.testing.assert_equal(model.get_weights()[1::2], before[1::2])


def test_kernels_are_orthonormal_times_a_number():
    model = chain(2)
    ktk.initializers.lsuv(model, X, seed=3)
    wide, square = model.get_weights()[::2]
    for product in (wide @ wide.T, square.T @ square):
        size = np.diag(product).mean()
        np.testing.assert_allclose(
            product, size * np.eye(len(product)), 0, 1e-4
        )
    again = chain(2)
    ktk.initializers.lsuv(again, X, seed=3)
    np.testing.assert_allclose(again.get_weights()[0], wide, rtol=1e-5)


MODELS = {
    "nested": (zoo.nested, X, 3),
    "shared": (zoo.shared, X, 3),
    "a block of one's own": (zoo.block, X, 4),
    "attention": (zoo.attention, OVER_TIME, 6),
    "recurrent": (zoo.bidirectional, OVER_TIME, 2),
}


@pytest.mark.parametrize("name", MODELS)
def test_any_model_is_taken(name):
    make, x, count = MODELS[name]
    model = make()
    found = ktk.initializers.lsuv(model, x)
    assert len(found.layers) == count
    again = ktk.initializers.lsuv(model, x, orthogonal=False)
    # A shared layer is looked at where it is called first.
    assert [one.rounds for one in again.layers] == [0] * count
    assert [one.after for one in again.layers] == pytest.approx(
        [one.after for one in found.layers], rel=1e-3
    )


class TwoInputs(keras.Model):
    def __init__(self):
        super().__init__()
        self.left, self.right = L.Dense(5, "relu"), L.Dense(5)
        self.last = L.Dense(2)

    def call(self, inputs):
        return self.last(self.left(inputs["a"]) * self.right(inputs["b"]))


def test_a_subclassed_model_of_two_inputs():
    model, inputs = TwoInputs(), {"a": X, "b": 3 * X}
    model(inputs)
    found = ktk.initializers.lsuv(model, inputs)
    assert len(found.layers) == 3
    assert to_numpy(model(inputs)).var() == pytest.approx(1, abs=0.1)


KINDS = {
    "over time": lambda: L.TimeDistributed(L.Dense(3, "relu")),
    "separable": lambda: L.SeparableConv1D(3, 2, activation="relu"),
    "depthwise": lambda: L.DepthwiseConv1D(2),
    "transposed": lambda: L.Conv1DTranspose(3, 2),
    "einsum": lambda: L.EinsumDense("abc,cde->abde", (None, 2, 3)),
    "spectral": lambda: L.SpectralNormalization(L.Dense(3)),
    "an activation that is a layer": lambda: L.Dense(3, L.LeakyReLU(0.1)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_layer(kind):
    model = keras.Sequential([keras.Input((3, 4)), KINDS[kind]()])
    found = ktk.initializers.lsuv(model, OVER_TIME)
    (layer,) = found.layers
    assert layer.after == pytest.approx(1, abs=0.1)
    again = ktk.initializers.lsuv(model, OVER_TIME, orthogonal=False)
    assert again.layers[0].before == pytest.approx(layer.after, rel=1e-3)


def test_in_mixed_precision_kernels_stay_float32():
    model = keras.Sequential(
        [keras.Input((4,)), L.Dense(8, "swish", dtype="mixed_float16")]
    )
    ktk.initializers.lsuv(model, X)
    kernel = model.layers[0].kernel
    assert keras.backend.standardize_dtype(kernel.dtype) == "float32"
    z = X.astype("float64") @ to_numpy(kernel.value)
    assert z.var() == pytest.approx(1, abs=0.1)


def with_state():
    return keras.Sequential(
        [
            keras.Input((4,)),
            L.Dense(4, name="frozen", trainable=False),
            L.BatchNormalization(name="norm"),
            L.Dropout(0.5),
            ktk.layers.MCDropout(0.2),
            L.Dense(4, "relu", bias_initializer="ones", name="last"),
        ]
    )


def test_nothing_else_changes():
    model = with_state()
    before = {v.path: to_numpy(v.value) for v in model.variables}
    states = random_states()
    found = ktk.initializers.lsuv(model, X, seed=1)
    assert changes(states, random_states()) == []
    changed = [
        v.path
        for v in model.variables
        if not np.array_equal(to_numpy(v.value), before[v.path])
    ]
    assert [p.rpartition("/")[2] for p in changed] == ["kernel"]
    assert list(found.left) == ["frozen", "norm"]
    assert found.left["frozen"] == "it is frozen"
    assert "left: frozen, it is frozen" in str(found)


def biased():
    bias = keras.initializers.RandomNormal(0.0, 5.0, seed=0)
    return chain_with(L.Dense(64, bias_initializer=bias, name="biased"))


def chain_with(layer):
    return keras.Sequential([keras.Input((4,)), L.Dense(4), layer])


FAILURES = {
    "constant": (
        lambda: chain_with(
            keras.Sequential([L.Rescaling(0.0), L.Dense(3, name="dead")])
        ),
        "dead' for this `x` have variance 0",
    ),
    "biases": (biased, "'biased' for this `x` still have variance"),
    "nothing to scale": (
        lambda: keras.Sequential([keras.Input((4,)), L.BatchNormalization()]),
        "whose kernel can be scaled",
    ),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("case", FAILURES)
def test_after_a_failure_the_model_is_as_it_was(case):
    make, said = FAILURES[case]
    model = make()
    before = model.get_weights()
    with pytest.raises(ValueError, match=said):
        ktk.initializers.lsuv(model, X)
    np.testing.assert_equal(model.get_weights(), before)


def test_after_an_exception_the_model_is_as_it_was(monkeypatch):
    model = chain_with(L.Dense(2, name="last"))
    before, states = model.get_weights(), random_states()

    def fail(*args, **kwargs):
        raise RuntimeError("in the middle")

    monkeypatch.setattr(model.layers[-1], "call", fail)
    with pytest.raises(RuntimeError, match="in the middle"):
        ktk.initializers.lsuv(model, X, seed=0)
    np.testing.assert_equal(model.get_weights(), before)
    assert changes(states, random_states()) == []
    assert "call" not in vars(model.layers[0])
    assert "activation" in vars(model.layers[0])


@pytest.mark.one_backend
def test_tied_kernels_are_scaled_once():
    first = L.Dense(4)

    class Tied(L.Dense):
        def build(self, shape):
            super().build(shape)
            self._kernel = first.kernel

    model = keras.Sequential([keras.Input((4,)), first, Tied(4, name="tied")])
    found = ktk.initializers.lsuv(model, X)
    assert len(found.layers) == 1
    assert found.left["tied"] == "its kernel is that of a layer before it"


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"orthogonal": 1}, TypeError),
        ({"tolerance": 0}, ValueError),
        ({"rounds": 0}, ValueError),
        ({"seed": 1.5}, TypeError),
    ],
    ids=str,
)
def test_bad_arguments(options, error):
    with pytest.raises(error, match="must be"):
        ktk.initializers.lsuv(chain(1), X, **options)


@pytest.mark.one_backend
def test_a_model_that_is_not_built_is_refused():
    with pytest.raises(ValueError, match="built"):
        ktk.initializers.lsuv(keras.Sequential([L.Dense(1)]), X)
