"""Looking at what operations return while a model runs."""

import contextlib
import sys

import keras

from keras_trainkit.backend.model.lent_methods import lent_methods


@contextlib.contextmanager
def observed_calls(operations, see):
    """Shows what each call of some operations returns, in this thread.

    Calls that other code traces, such as those within a scan of JAX, have no
    values to look at and are left out.

    Args:
        operations: List of layers or `keras.Operation`s.
        see: Callable `(operation, outputs)`, with a list of tensors. It is
            called when a call returns: inner layers come before the layers
            that hold them.
    """

    def observed(operation):
        def call(method, *args, **kwargs):
            results = method(*args, **kwargs)
            outputs = [
                one
                for one in keras.tree.flatten(results)
                if keras.ops.is_tensor(one)
            ]
            if outputs and all(map(has_values, outputs)):
                see(operation, outputs)
            return results

        return call

    with lent_methods([(op, "call", observed(op)) for op in operations]):
        yield


def has_values(tensor):
    """Whether a tensor holds numbers, not a place in somebody's trace."""
    backend = keras.backend.backend()
    if isinstance(tensor, keras.KerasTensor):
        return False
    if backend == "jax":
        import jax

        return not isinstance(tensor, jax.core.Tracer)
    if backend == "tensorflow":
        return hasattr(tensor, "numpy")
    functorch = sys.modules["torch"]._C._functorch
    return not functorch.is_functorch_wrapped_tensor(tensor)


def without_gradients():
    """Returns a context in which torch keeps nothing for a gradient."""
    if keras.backend.backend() != "torch":
        return contextlib.nullcontext()
    return sys.modules["torch"].no_grad()
