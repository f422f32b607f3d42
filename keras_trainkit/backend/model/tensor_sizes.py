"""How large the tensors are that torch makes while a function runs."""

import contextlib
import functools

import keras


@contextlib.contextmanager
def largest_tensor():
    """Notes the size of the largest tensor that torch makes inside.

    Elsewhere than on torch nothing is noted.

    Yields:
        List with one integer, how many elements it has, `0` before any.
    """
    found = [0]
    if keras.backend.backend() != "torch":
        yield found
        return
    with _size_mode()(found):
        yield found


@functools.cache
def _size_mode():
    import torch

    class Sizes(torch.overrides.TorchFunctionMode):
        def __init__(self, found):
            super().__init__()
            self._found = found

        def __torch_function__(self, function, types, args=(), kwargs=None):
            made = function(*args, **(kwargs or {}))
            if isinstance(made, torch.Tensor):
                self._found[0] = max(self._found[0], made.numel())
            return made

    return Sizes
