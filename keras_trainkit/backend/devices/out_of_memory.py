"""Errors that say that memory ran out, and how to go on after one."""

import gc
import re
import sys

import keras

# What the allocators write. TensorFlow: tensorflow/core/framework/
# op_kernel.cc and tsl/framework/bfc_allocator.cc; XLA, also on TPUs:
# xla/service; torch: c10/core/impl/alloc_cpu.cpp, c10/cuda/
# CUDACachingAllocator.cpp; the last two are of cuBLAS, cuDNN and the driver.
_SAID = (
    "oom when allocating",
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "failed to allocate",
    "unable to allocate",
    "status_alloc_failed",
    "error_out_of_memory",
)


def out_of_memory_message(error):
    """Returns what an exception says of memory that ran out, or `None`.

    Python's and NumPy's errors have a class of their own. The backends' classes
    stand for other failures, too (TensorFlow's `ResourceExhaustedError` for a
    full disk, torch's `RuntimeError` for nearly all), so the words decide.

    Args:
        error: An exception. What it was raised from or in place of counts as
            well: Keras puts a `RuntimeError` in the place of NumPy's, whose
            words it loses (keras/src/utils/traceback_utils.py).

    Returns:
        String, one line; `None` for any other error.
    """
    while error is not None:
        memory = isinstance(error, MemoryError)
        if memory or isinstance(error, _runtime_errors()):
            # Keras colours what a layer raises.
            text = re.sub(r"\x1b\[\d+m", "", str(error))
            for line in text.splitlines():
                if any(said in line.lower() for said in _SAID):
                    return line.strip()
            if memory:
                return text.strip() or type(error).__name__
        error = error.__cause__ or error.__context__
    return None


def _runtime_errors():
    """Returns the classes that the loaded backends raise while they run.

    JAX's `JaxRuntimeError` and torch's `OutOfMemoryError` are `RuntimeError`s.
    """
    tensorflow = sys.modules.get("tensorflow")
    own = (tensorflow.errors.OpError,) if tensorflow is not None else ()
    return (RuntimeError, *own)


def wait_for_step(model):
    """Returns when the last train step is done; raises what it failed with.

    JAX goes on while a step runs, and raises where a result is read: no
    result of the step has been read when `fit` returns.

    Args:
        model: A `keras.Model` after a `fit`.
    """
    if keras.backend.backend() == "jax":
        import jax

        held = [*model.variables, *model.metrics_variables]
        held += model.optimizer.variables
        jax.block_until_ready([variable.value for variable in held])


def free_memory():
    """Gives back what nothing refers to any more.

    To be called outside of the `except` block: an exception keeps the frames
    that hold the tensors. torch's allocator keeps blocks of the sizes that it
    has seen, which another batch does not fit into.
    """
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
