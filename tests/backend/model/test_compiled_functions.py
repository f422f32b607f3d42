import keras
import numpy as np
import pytest

from keras_trainkit.backend.model.compiled_functions import Compiled
from keras_trainkit.backend.model.compiled_functions import how_compiled
from tests.helpers.arrays import to_numpy

TORCH = keras.backend.backend() == "torch"


def model(**options):
    made = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    made.compile(**options)
    return made


def scaled(made, calls):
    def function(x):
        calls.append(None)
        made.trainable_variables[1].assign_add([1.0])
        return made(x) * 2

    return function


OPTIONS = {
    "default": {},
    "eager": {"run_eagerly": True},
    "without xla": {"jit_compile": False},
    "xla": {"jit_compile": not TORCH},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_it_computes_and_assigns_nothing(options):
    made = model(**options)
    function = Compiled(made)(scaled(made, []))
    x = np.ones((3, 2), "float32")
    kernel, bias = made.get_weights()
    expected = 2 * (x @ kernel + bias + 1)
    np.testing.assert_allclose(to_numpy(function(x)), expected, rtol=1e-5)
    np.testing.assert_array_equal(made.get_weights()[1], bias)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_new_weights_are_seen_without_tracing_anew(options):
    made, calls = model(**options), []
    function = Compiled(made)(scaled(made, calls))
    x = np.ones((3, 2), "float32")
    function(x)
    made.set_weights([np.ones((2, 1)), np.zeros(1)])
    np.testing.assert_allclose(to_numpy(function(x)), np.full((3, 1), 6.0))
    eager = TORCH or "run_eagerly" in options
    eager |= keras.backend.backend() == "jax" and not options.get(
        "jit_compile", True
    )
    assert len(calls) == (2 if eager else 1)


def test_the_spec_of_what_comes_out():
    made = model()
    spec = Compiled(made).spec(scaled(made, []), np.ones((3, 2), "float32"))
    assert spec is None if TORCH else tuple(spec.shape) == (3, 1)


def test_what_is_open_stays_open():
    made = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    found = how_compiled(made)
    assert made._jit_compile is None
    assert found == (True, made.jit_compile)


def test_no_gradients_are_kept():
    made = model()
    found = Compiled(made)(scaled(made, []))(np.ones((3, 2), "float32"))
    assert not getattr(found, "requires_grad", False)


def test_states_that_keras_does_not_list_are_read_anew():
    layer = keras.layers.GRU(2, stateful=True)
    made = keras.Sequential([keras.Input(batch_shape=(1, 3, 2)), layer])
    function = Compiled(made)(lambda x: x + layer.states[0])
    x = np.ones((1, 2), "float32")
    np.testing.assert_allclose(to_numpy(function(x)), 1)
    layer.states[0].assign(np.full((1, 2), 4.0))
    np.testing.assert_allclose(to_numpy(function(x)), 5)
