"""The errors of memory that ran out are known by class and words."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.devices.out_of_memory import free_memory
from keras_trainkit.backend.devices.out_of_memory import out_of_memory_message
from keras_trainkit.backend.devices.out_of_memory import wait_for_step
from tests.helpers.memory_hog import SIDE
from tests.helpers.memory_hog import Hog
from tests.helpers.memory_hog import HostHog
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data

BACKEND = keras.backend.backend()


def raised_by(action):
    with pytest.raises(Exception) as caught:
        action()
    return caught.value


def in_a_step():
    model = keras.Sequential([keras.Input((8,)), Hog(1), linear_model()])
    model.compile("sgd", "mse")
    model.fit(*regression_data(2), verbose=0)
    wait_for_step(model)


def in_a_layer():
    HostHog(1)(keras.ops.ones((2, 3)))


def in_another_error():
    try:
        np.ones((SIDE, SIDE))
    except MemoryError as error:
        raise OSError("no batch") from error


REAL = {
    "NumPy": lambda: np.ones((SIDE, SIDE)),
    "raised from": in_another_error,
    "in a layer": in_a_layer,
    "in a compiled step": in_a_step,
}


@pytest.mark.parametrize("action", REAL.values(), ids=REAL)
def test_what_is_really_raised_is_known(action):
    said = out_of_memory_message(raised_by(action))
    assert "allocat" in said.lower()
    assert "\n" not in said and "\x1b" not in said


def tensorflow_error(name, text):
    import tensorflow as tf

    return getattr(tf.errors, name)(None, None, text)


# As met on accelerators, and on TensorFlow.
KNOWN = {
    "torch, CUDA": RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
    "torch, CUDA's own": RuntimeError("CUDA error: out of memory\nCompile ..."),
    "torch, Apple": RuntimeError("MPS backend out of memory (MPS allocated"),
    "torch, Windows": RuntimeError("DefaultCPUAllocator: not enough memory"),
    "cuBLAS": RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when ca"),
    "XLA": RuntimeError(
        "RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes."
    ),
    "TPU": RuntimeError(
        "RESOURCE_EXHAUSTED: XLA:TPU compile permanent error. Ran out of "
        "memory in memory space hbm."
    ),
    "Python": MemoryError(),
}
if BACKEND == "tensorflow":
    KNOWN["TensorFlow"] = tensorflow_error(
        "ResourceExhaustedError",
        "Graph execution error:\n\nOOM when allocating tensor with shape[9]",
    )
    KNOWN["TensorFlow, driver"] = tensorflow_error(
        "InternalError", "CUDA_ERROR_OUT_OF_MEMORY: out of memory"
    )
if BACKEND == "torch":
    import torch

    KNOWN["torch"] = torch.OutOfMemoryError("CUDA out of memory.")


@pytest.mark.parametrize("error", KNOWN.values(), ids=KNOWN)
def test_what_the_libraries_write_is_known(error):
    assert out_of_memory_message(error) in (str(error), "MemoryError") or (
        out_of_memory_message(error) in str(error).splitlines()
    )


OTHERS = {
    "a shape": RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
    "the user's": ValueError("out of memory"),
    "an interrupt": KeyboardInterrupt("out of memory"),
}
if BACKEND == "tensorflow":
    OTHERS["a full disk"] = tensorflow_error(
        "ResourceExhaustedError", "checkpoint; No space left on device"
    )


@pytest.mark.parametrize("error", OTHERS.values(), ids=OTHERS)
def test_other_errors_are_not_mistaken(error):
    assert out_of_memory_message(error) is None


def test_a_step_is_waited_for_and_its_results_stay():
    model = linear_model()
    model.compile("sgd", "mse", run_eagerly=True)
    model.fit(*regression_data(8), verbose=0)
    before = model.get_weights()[0]
    wait_for_step(model)
    free_memory()
    np.testing.assert_array_equal(model.get_weights()[0], before)


if BACKEND == "jax":

    def test_a_failure_of_a_step_comes_when_it_is_waited_for():
        model = keras.Sequential([keras.Input((8,)), Hog(1), linear_model()])
        model.compile("sgd", "mse")
        x, y = regression_data(2)
        model.train_on_batch(x[:1], y[:1])
        model.train_on_batch(x, y)  # says nothing
        error = raised_by(lambda: wait_for_step(model))
        assert "Out of memory allocating" in out_of_memory_message(error)
