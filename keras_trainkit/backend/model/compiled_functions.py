"""Functions of a model's variables, compiled as its `predict` is."""

import functools

import keras

from keras_trainkit.backend.devices.between_processes import own_tensor
from keras_trainkit.backend.devices.torch_device import torch_device
from keras_trainkit.backend.model.untracked_state import untracked_variables


class Compiled:
    """Compiles functions that read a model's variables and change none.

    Args:
        model: A built `keras.Model`.
        together: Whether processes of JAX that train a model together compute
            together, all on the same data. Defaults to `False`: each computes
            by itself, on data of its own.

    Attributes:
        xla: Whether XLA compiles them.
        eager: Whether they are not compiled at all.
        maps: Whether `mapped_draws` can run inside of them.
        on_cpu: Whether they run on a CPU.
        in_groups: Whether a loop over parts of a large batch is faster than
            the batch, as what XLA makes for JAX is on a CPU.
    """

    def __init__(self, model, together=False):
        backend = keras.backend.backend()
        self._compiles, jit = how_compiled(model)
        if backend == "jax":
            self._compiles = self._compiles and jit
        self.xla = backend == "jax" or (
            backend == "tensorflow" and self._compiles and jit
        )
        self.eager = not self._compiles or backend == "torch"
        self.maps = self._compiles or backend == "torch"
        # Those that Keras does not list would be constants on JAX.
        untracked = [
            one
            for one in untracked_variables(model)
            if isinstance(one, keras.Variable)
        ]
        self._variables = [*model.variables, *untracked]
        self._together = together
        self.on_cpu = _on_cpu()
        # The same without compiling: the same seed draws the same.
        self.in_groups = backend == "jax" and self.on_cpu

    def __call__(self, function):
        """Returns `function`, compiled; it sees each variable's value anew."""
        backend = keras.backend.backend()
        stateless = self._stateless(function)
        if backend == "torch":
            import torch

            return torch.no_grad()(functools.partial(stateless, None))
        if backend == "tensorflow":
            return self._tensorflow(stateless)
        if self._compiles:
            import jax

            stateless = jax.jit(stateless)
        return lambda *arguments: stateless(self._values(), *arguments)

    def spec(self, function, *arguments):
        """Returns what `function` would return, as shapes and dtypes.

        `None` where nothing is compiled.
        """
        backend = keras.backend.backend()
        if self.eager:
            return None
        stateless = self._stateless(function)
        if backend == "tensorflow":
            traced = self._tensorflow(stateless)
            return traced.get_concrete_function(*arguments).structured_outputs
        import jax

        return jax.eval_shape(stateless, self._values(), *arguments)

    def _values(self):
        if self._together:
            return [variable.value for variable in self._variables]
        return [own_tensor(variable.value) for variable in self._variables]

    def _stateless(self, function):
        # Elsewhere than on JAX a variable is read where it is.
        def stateless(values, *arguments):
            pairs = zip(self._variables, values, strict=True) if values else ()
            with keras.StatelessScope(state_mapping=list(pairs)):
                return function(*arguments)

        return stateless

    def _tensorflow(self, stateless):
        import tensorflow as tf

        function = functools.partial(stateless, None)
        if not self._compiles:
            return function
        return tf.function(function, jit_compile=self.xla, autograph=False)


def how_compiled(model):
    """Returns whether `model` compiles its functions, and whether with XLA.

    `model.jit_compile` settles the second on the model for good where it is
    open (keras/src/trainers/trainer.py).
    """
    jit = model._jit_compile
    if jit is None:
        jit = model._resolve_auto_jit_compile()
    return not model.run_eagerly, bool(jit)


def _on_cpu():
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return jax.default_backend() == "cpu"
    if backend == "tensorflow":
        import tensorflow as tf

        return not tf.config.list_logical_devices("GPU")
    return str(torch_device()) == "cpu"
