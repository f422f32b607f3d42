"""Variables that mark weights which are to be 0, and the zeros.

A mark is a Boolean variable. On torch that is slow: filling where a random
mask says takes thirty times as long as a product, and a product makes -0 and
keeps NaN. So there a mark is an integer as wide as the weight, with all bits
set where it stays, and the weight's bits are cut with it.
"""

import keras

from keras_trainkit.backend.training.carried_state import make_variable

_WIDTHS = {"float16": "int16", "bfloat16": "int16", "float64": "int64"}
_ALL_BITS = -1


def make_mark(model, variable):
    """Returns a variable that marks nothing of `variable` yet.

    Args:
        model: The `keras.Model` whose step uses it.
        variable: `keras.Variable` of floats.
    """
    dtype = "bool"
    if keras.backend.backend() == "torch":
        dtype = _WIDTHS.get(variable.dtype, "int32")
    mark = make_variable(model, variable.shape, "pruned", dtype)
    write_mark(mark, keras.ops.zeros(variable.shape, "bool"))
    return mark


def read_mark(mark):
    """Returns what is marked, a Boolean tensor."""
    if keras.backend.backend() == "torch":
        return mark.value == 0
    return mark.value


def write_mark(mark, marked):
    """Assigns what is marked, a Boolean tensor, to a mark."""
    mark.assign(_as_held(mark, marked))


def mark_when(condition, compute, marks, variables, marks_of):
    """Writes marks where a condition holds, and zeros what they mark then.

    Both is done in the condition: what is not due costs no pass over the
    weights. The marks are computed only then, too.

    Args:
        condition: Boolean, or a Boolean scalar tensor.
        compute: Callable without arguments that returns a list of Boolean
            tensors.
        marks: List of marks that are written.
        variables: List of `keras.Variable`s that are set to 0.
        marks_of: List of the mark of each of `variables`.
    """

    def write():
        for mark, marked in zip(marks, compute(), strict=True):
            write_mark(mark, marked)
        zero_marked(variables, marks_of)

    if isinstance(condition, bool):
        if condition:
            write()
    elif keras.backend.backend() == "jax":
        _write_stateless(condition, write, [*marks, *variables])
    else:
        _once_if(condition, lambda: write() or [], [])


def _write_stateless(condition, write, variables):
    """Calls `write` in a condition of JAX's, which has to return values."""

    def after(*values):
        pairs = list(zip(variables, values, strict=True))
        with keras.StatelessScope(pairs) as scope:
            write()
        return [scope.get_current_value(variable) for variable in variables]

    before = [variable.value for variable in variables]
    values = _once_if(condition, after, before)
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _once_if(condition, compute, values):
    """Returns `compute(*values)` where a condition holds, else `values`.

    A loop of one turn or none: XLA works on its values in place, where it
    would copy all of them into and out of a condition, whether it holds or
    not.
    """

    def turn(_, *values):
        return (keras.ops.zeros((), "bool"), *compute(*values))

    state = keras.ops.while_loop(
        lambda due, *_: due, turn, (condition, *values)
    )
    return state[1:]


def zero_marked(variables, marks):
    """Sets the marked elements of variables to 0, NaN included.

    Args:
        variables: List of `keras.Variable`s of floats.
        marks: List of their marks.
    """
    for variable, mark in zip(variables, marks, strict=True):
        if keras.backend.backend() == "torch":
            bits = variable.value.detach().view(mark.value.dtype)
            bits.bitwise_and_(mark.value)
        else:
            value = variable.value
            zero = keras.ops.zeros((), value.dtype)
            variable.assign(keras.ops.where(mark.value, zero, value))


def _as_held(mark, marked):
    if keras.backend.backend() == "torch":
        return keras.ops.cast(keras.ops.where(marked, 0, _ALL_BITS), mark.dtype)
    return marked
