"""Numbers that stand in for a hyperparameter while a step runs."""

import operator

import keras


def is_traced(tensor):
    """Whether `tensor` stands for a value that a compiled step will compute."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return not tf.executing_eagerly()
    if backend == "jax":
        import jax

        return isinstance(tensor, jax.core.Tracer)
    return False


def untraced(function, model):
    """Keeps `torch.compile` out of `function`; elsewhere returns it as it is.

    A hyperparameter that changes every step would recompile the step each
    time its Python value changes.
    """
    if keras.backend.backend() == "torch" and model.jit_compile:
        import torch

        return torch.compiler.disable(function)
    return function


class _ComparesLikePlain:
    """Compares like `self.plain`, whatever it computes with."""

    def __bool__(self):
        return bool(self.plain)

    def __eq__(self, other):
        return self.plain == other

    def __ne__(self, other):
        return self.plain != other

    def __lt__(self, other):
        return self.plain < other

    def __le__(self, other):
        return self.plain <= other

    def __gt__(self, other):
        return self.plain > other

    def __ge__(self, other):
        return self.plain >= other

    __hash__ = None


class EagerNumber(_ComparesLikePlain, float):
    """A number in the place of a Python float, for one eager step.

    Optimizers decide in Python what to do with a hyperparameter
    (`if self.momentum != 0`, keras/src/optimizers/sgd.py): a curve that
    reaches 0 would skip the update of the velocity, or leave an optimizer
    without slots. So this compares like the plain float that it stands in
    for, and computes like its own value.

    Args:
        value: Float to compute with.
        plain: Float to compare with.
    """

    # `keras.ops` look up the dtype of a float by its exact class, unless it
    # has one: keras/src/backend/common/variables.py.
    dtype = float
    __hash__ = float.__hash__

    def __new__(cls, value, plain):
        """Makes the number; a float has its value before `__init__`."""
        number = super().__new__(cls, value)
        number.plain = plain
        return number


def eager_number(value, plain, dtype):
    """Returns the number that stands in for a Python float in an eager step.

    Args:
        value: Float to compute with.
        plain: Float to compare with.
        dtype: Dtype to compute in, where it has to be a tensor.
    """
    if keras.backend.backend() != "tensorflow":
        return EagerNumber(value, plain)
    # TensorFlow keeps the constants it made of Python floats, and finds them
    # by `==`: two numbers that compare like the same plain float would be one
    # constant, with the value of the first.
    tensor = keras.ops.convert_to_tensor(float(value), dtype=dtype)
    return EagerTensor(tensor, plain)


class TracedNumber(_ComparesLikePlain):
    """A symbolic number in the place of a Python float, for a traced step.

    It compares like the plain float, for the reason of `EagerNumber`, and
    computes like the tensor. It has no `__float__`: an optimizer that would
    bake the number in fails loudly instead of training with a stale value.

    Args:
        tensor: What to compute with.
        plain: Float to compare with.
    """

    def __init__(self, tensor, plain):
        self.tensor = tensor
        self.plain = plain

    def __tf_tensor__(self, dtype=None, name=None):
        if dtype is None:
            return self.tensor
        return keras.ops.cast(self.tensor, dtype)

    def __jax_array__(self):
        return self.tensor

    def __neg__(self):
        return -self.tensor


class EagerTensor(TracedNumber):
    """A `TracedNumber` of an eager step: its value is known."""

    def __float__(self):
        return float(self.tensor)

    def __repr__(self):
        return repr(float(self))

    def __format__(self, spec):
        return format(float(self), spec)


def _forward(name):
    operation = getattr(operator, name)
    return lambda self, other: operation(self.tensor, other)


def _reflected(name):
    operation = getattr(operator, name)
    return lambda self, other: operation(other, self.tensor)


for _name in ("add", "sub", "mul", "truediv", "pow"):
    setattr(TracedNumber, f"__{_name}__", _forward(_name))
    setattr(TracedNumber, f"__r{_name}__", _reflected(_name))
