"""What the processes of one JAX run hold together, and tell each other.

With `jax.distributed` every process runs the same program. What is laid out
over the devices of all of them, no process can read by itself, nor compute
with beside arrays of its own. Whoever asks for the rest of an array, or for
what the others have, waits for them: all processes must ask, in one order.
"""

import hashlib
import pickle

import keras
import numpy as np

from keras_trainkit.backend.model.untracked_state import untracked_variables
from keras_trainkit.kernels.argument_checks import bad_value


def spans_processes():
    """Whether several processes train one model, by JAX."""
    if keras.backend.backend() != "jax":
        return False
    import jax

    several = jax.process_count() > 1
    return several and keras.distribution.distribution() is not None


def from_all_processes(value):
    """Returns a list of what each process has, in their order.

    Args:
        value: Whatever can be pickled, of this process.
    """
    if not spans_processes():
        return [value]
    from jax.experimental.multihost_utils import process_allgather

    data = np.frombuffer(pickle.dumps(value), "uint8")
    sizes = process_allgather(np.array(data.size, "int32"))
    # Each length is compiled for, so there are few.
    padded = np.zeros(2 ** int(sizes.max() - 1).bit_length(), "uint8")
    padded[: data.size] = data
    held = process_allgather(padded)
    return [
        pickle.loads(one[:size].tobytes())
        for one, size in zip(held, sizes, strict=True)
    ]


def from_main_process(value):
    """Returns what the main process has, on every process."""
    return from_all_processes(value)[0]


def require_same(name, value, hint=""):
    """Raises on all processes unless they have the same.

    Args:
        name: The argument's name, for the error.
        value: A structure of arrays and numbers.
        hint: What to do about it. Defaults to nothing.
    """
    if not spans_processes():
        return
    found = hashlib.blake2b()
    for one in keras.tree.flatten(value):
        array = np.asarray(one)
        found.update(f"{array.dtype}{array.shape}".encode())
        whole = array.tolist() if array.dtype.hasobject else array.tobytes()
        found.update(pickle.dumps(whole))
    digests = from_all_processes(found.hexdigest())
    if len(set(digests)) > 1:
        unlike = [i for i, one in enumerate(digests) if one != digests[0]]
        raise bad_value(
            name,
            f"others on the processes {unlike} than on the main one",
            "the same on all processes, which compute together here",
            hint,
        )


def own_tensor(tensor):
    """Returns the whole of a tensor, held by this process alone.

    Args:
        tensor: A tensor or a `keras.Variable`.

    Returns:
        The tensor or the variable itself, where no other process holds a part
        of it.
    """
    held = tensor.value if isinstance(tensor, keras.Variable) else tensor
    if not _is_shared(held):
        return tensor
    if held.is_fully_replicated:
        return held.addressable_data(0)
    from jax.experimental.multihost_utils import process_allgather

    return keras.ops.convert_to_tensor(process_allgather(held, tiled=True))


def own_values(model):
    """Returns pairs of a variable and its `own_tensor`, for a scope.

    Empty where the variables themselves can be computed with.

    Args:
        model: A `keras.Model`.
    """
    if not spans_processes():
        return []
    untracked = [
        one
        for one in untracked_variables(model)
        if isinstance(one, keras.Variable)
    ]
    held = [*model.variables, *untracked]
    return [(variable, own_tensor(variable.value)) for variable in held]


def assign_whole(variable, value):
    """Assigns a value that all processes have, without asking them.

    `jax.device_put`, which `Variable.assign` leads to, compares what the
    processes have, and finds NaN unlike itself (jax/_src/dispatch.py).

    Args:
        variable: A `keras.Variable` or a `tf.Variable`.
        value: Array.
    """
    held = variable.value if isinstance(variable, keras.Variable) else None
    if not _is_shared(held):
        variable.assign(value)
        return
    import jax

    value = np.asarray(value, dtype=held.dtype)
    variable.assign(
        jax.make_array_from_callback(
            value.shape, held.sharding, lambda place: value[place]
        )
    )


def _is_shared(tensor):
    if keras.backend.backend() != "jax":
        return False
    import jax

    return (
        isinstance(tensor, jax.Array)
        and not isinstance(tensor, jax.core.Tracer)
        and not tensor.is_fully_addressable
    )
