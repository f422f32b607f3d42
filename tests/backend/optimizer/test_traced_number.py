import operator

import keras
import numpy as np
import pytest

from keras_trainkit.backend.optimizer.traced_number import TracedNumber
from keras_trainkit.backend.optimizer.traced_number import eager_number
from keras_trainkit.backend.optimizer.traced_number import is_traced
from keras_trainkit.backend.optimizer.traced_number import untraced
from tests.helpers.arrays import to_numpy
from tests.helpers.models import linear_model

NUMBER = 0.75


def eager(value, plain):
    return eager_number(value, plain, "float32")


@pytest.fixture
def traced():
    return TracedNumber(keras.ops.convert_to_tensor(NUMBER), 0.5)


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "pow"])
def test_it_computes_like_its_tensor(traced, name):
    operation = getattr(operator, name)
    assert float(to_numpy(operation(traced, 2.0))) == operation(NUMBER, 2.0)
    reflected = float(to_numpy(operation(2.0, traced)))
    assert reflected == pytest.approx(operation(2.0, NUMBER))


@pytest.mark.parametrize("make", [eager, TracedNumber])
@pytest.mark.parametrize("name", ["eq", "ne", "lt", "le", "gt", "ge"])
def test_it_compares_like_the_plain_number(make, name):
    operation = getattr(operator, name)
    number = make(0.0, 0.5)
    assert operation(number, 0.5) is operation(0.5, 0.5)
    assert operation(number, 0.0) is operation(0.5, 0.0)


@pytest.mark.parametrize("make", [eager, TracedNumber])
def test_it_is_true_like_the_plain_number(make):
    assert make(0.0, 0.5)
    assert not make(0.5, 0.0)


@pytest.mark.parametrize(
    "use",
    [
        lambda n: keras.ops.cast(n, "float32"),
        lambda n: keras.ops.multiply(n, keras.ops.ones(())),
        lambda n: keras.ops.ones(()) * n,
        lambda n: keras.ops.add(keras.ops.zeros(()), n),
        lambda n: keras.ops.subtract(1, 1 - n),
    ],
    ids=["cast", "multiply", "times", "add", "subtract"],
)
def test_an_eager_number_computes_like_its_value(use):
    assert float(to_numpy(use(eager(0.75, 0.5)))) == 0.75
    assert float(to_numpy(use(eager(0.0, 0.5)))) == 0.0


def test_each_eager_number_keeps_its_own_value():
    # Of 2,000 that TensorFlow took for Python floats, 186 had another's.
    values = np.arange(2000) / 2000
    one = keras.ops.ones(())
    numbers = [eager(value, 0.5) for value in values.tolist()]
    computed = [float(to_numpy(keras.ops.multiply(one, n))) for n in numbers]
    np.testing.assert_allclose(computed, values, atol=1e-7)
    np.testing.assert_allclose([float(n) for n in numbers], values, atol=1e-7)


def test_an_eager_number_is_printed_like_its_value():
    number = eager(0.75, 0.5)
    assert repr(number) == str(number) == "0.75"
    assert f"{number:.3f}" == "0.750"


def test_it_refuses_to_be_baked_in(traced):
    with pytest.raises(TypeError):
        float(traced)


@pytest.mark.parametrize(
    "use",
    [
        lambda t: keras.ops.cast(t, "float32"),
        lambda t: keras.ops.multiply(t, keras.ops.ones(())),
        lambda t: keras.ops.subtract(keras.ops.ones(()) * 1.5, t),
        lambda t: -(-t * 1.0),
    ],
    ids=["cast", "multiply", "subtract", "negate"],
)
def test_ops_accept_it(traced, use):
    if keras.backend.backend() == "torch":
        traced = traced.tensor  # never traced there: plain floats instead
    assert float(to_numpy(use(traced))) == NUMBER


def test_eager_tensors_are_not_traced():
    assert not is_traced(keras.ops.ones(()))


def test_tensors_in_a_compiled_step_are_traced():
    seen = []

    class Looks(keras.layers.Layer):
        def call(self, x):
            seen.append(is_traced(x))
            return x

    model = keras.Sequential([keras.Input((2,)), Looks()])
    seen.clear()
    model.compile("sgd", "mse")
    model.predict(keras.ops.ones((2, 2)), verbose=0)
    assert any(seen) == (keras.backend.backend() != "torch")


def test_only_torch_compile_needs_keeping_out():
    model = linear_model()
    model.compile("sgd", "mse", jit_compile=False)
    assert untraced(len, model) is len
