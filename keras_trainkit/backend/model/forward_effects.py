"""What a forward pass does beside returning outputs."""

import contextlib

import keras

from keras_trainkit.backend.model.torch_buffers import TorchBuffers
from keras_trainkit.backend.randomness.foreign_draws import ForeignDraws
from keras_trainkit.backend.randomness.foreign_draws import traced_operations
from keras_trainkit.backend.randomness.lent_randomness import is_random_state


class ForwardEffects:
    """What has been seen so far; no variable of Keras was changed by it.

    Attributes:
        draws: Whether something drew random numbers.
        updates: List of names of the state that was to change.
        losses: Whether a layer added a loss.
    """

    def __init__(self, model):
        self.draws, self.updates, self.losses = False, [], False
        self._foreign = ForeignDraws()
        self._traced = len(traced_operations())
        self._buffers = TorchBuffers(model)

    def look(self, scope):
        """Notes what was done up to now."""
        self.draws = scope.draws or self._foreign.seen()
        self.updates = list(scope.updates)
        # tensorflow/core/ops/resource_variable_ops.cc
        self.updates += [
            operation.name
            for operation in traced_operations()[self._traced :]
            if operation.type.startswith("Assign")
        ]
        if self._buffers.changed():
            self.updates.append("a buffer of a torch module")
        self.losses = bool(scope.losses)


@contextlib.contextmanager
def watched_effects(model):
    """Watches forward passes of layers of `model` inside.

    Yields:
        Callable that returns the `ForwardEffects` so far.
    """
    effects = ForwardEffects(model)
    with _Watching() as scope:

        def seen():
            effects.look(scope)
            return effects

        yield seen


class _Watching(keras.StatelessScope):
    def __init__(self):
        super().__init__(collect_losses=True)
        self.draws, self.updates = False, []

    def get_current_value(self, variable):
        self.draws = self.draws or is_random_state(variable)
        value = super().get_current_value(variable)
        if value is None and self.original_scope is not None:
            return self.original_scope.get_current_value(variable)
        return value

    def add_update(self, update):
        if not is_random_state(update[0]):
            self.updates.append(update[0].path)
        super().add_update(update)
