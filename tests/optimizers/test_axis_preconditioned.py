"""Matrices and roots of each axis, as Shampoo keeps them."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.arrays import to_numpy

Shampoo = ktk.optimizers.Shampoo
RATE = 0.1
RNG = np.random.default_rng(0)
GRADIENTS = list(RNG.normal(size=(3, 2, 3)).astype("float32"))


def updated(optimizer, gradients, start):
    """Returns variables after eager updates."""
    variables = [keras.Variable(value) for value in start]
    optimizer.build(variables)
    for step in gradients:
        optimizer.apply(
            [keras.ops.convert_to_tensor(one) for one in step], variables
        )
    return variables


def roots_after(gradients, **settings):
    optimizer = Shampoo(RATE, **settings)
    start = [np.zeros(g.shape, "float32") for g in gradients[0]]
    updated(optimizer, gradients, start)
    return [to_numpy(one) for one in optimizer.roots]


@pytest.mark.one_backend
def test_roots_are_computed_every_so_many_updates():
    gradients = [[gradient] for gradient in GRADIENTS]
    roots = [
        roots_after(gradients[:n], root_every=2)[0].tolist() for n in (1, 2, 3)
    ]
    assert roots[0] == roots[1] != roots[2]


@pytest.mark.one_backend
def test_a_variable_gets_its_roots_with_its_first_gradient():
    nothing, some = np.zeros((2, 3), "float32"), GRADIENTS[0]
    late, never = roots_after(
        [[nothing, nothing], [some, nothing]], root_every=100
    )
    assert late.all()
    assert not never.any()


@pytest.mark.one_backend
def test_a_gradient_of_zero_moves_nothing():
    start, nothing = GRADIENTS[:1], [np.zeros((2, 3), "float32")]
    [variable] = updated(Shampoo(RATE), [nothing], start)
    np.testing.assert_array_equal(to_numpy(variable), start[0])


@pytest.mark.one_backend
def test_a_failed_root_is_told():
    optimizer = Shampoo(RATE)
    nan = np.full((2, 2), np.nan, "float32")
    updated(optimizer, [[nan]], [np.ones((2, 2), "float32")])
    assert list(optimizer.root_errors().values()) == [np.inf]


@pytest.mark.one_backend
def test_without_updates_no_root_is_off():
    optimizer = Shampoo(RATE)
    assert optimizer.root_errors() == {}
    updated(optimizer, [], [GRADIENTS[0]])
    assert set(optimizer.root_errors().values()) == {0.0}
