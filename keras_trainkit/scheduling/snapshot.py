"""Snapshots: training a model for a trial without a trace."""

from keras_trainkit.backend.devices.device_copies import fill_if_empty
from keras_trainkit.backend.devices.device_copies import read_copies
from keras_trainkit.backend.devices.device_copies import write_copies
from keras_trainkit.backend.model.torch_state import TorchState
from keras_trainkit.backend.model.untracked_state import layer_generators
from keras_trainkit.backend.model.untracked_state import untracked_variables
from keras_trainkit.backend.randomness.random_state import RandomState
from keras_trainkit.backend.randomness.torch_generators import data_generators
from keras_trainkit.backend.training.compiled_parts import UnbuiltParts
from keras_trainkit.backend.training.compiled_parts import optimizers_of
from keras_trainkit.backend.training.fit_attributes import FitAttributes
from keras_trainkit.scheduling.active_fit import active_fit


class TrainingSnapshot:
    """A snapshot of a model's whole training state and all random states.

    Values are copied to the host: on JAX a compiled step takes the buffers of
    the state for itself. `restore` assigns them to the same variables, so
    compiled functions stay valid, those made before the snapshot included.

    Args:
        model: A `keras.Model`, built and compiled or not, not inside `fit`
            unless before its first step.
        data: What `fit` will be given as `x`: a torch `DataLoader`'s
            generators are included. Defaults to `None`.
    """

    def __init__(self, model, data=None):
        active_fit(model)  # Gives back what a `fit` that died had borrowed.
        self._model = model
        self._values = {}
        self._attributes = FitAttributes(model)
        self._torch = TorchState(model)
        self.include_new()
        self._unbuilt = UnbuiltParts(model)
        generators = [*layer_generators(model), *data_generators(data)]
        self._random = RandomState(generators)

    def include_new(self):
        """Copies the variables that were made since the snapshot.

        Right after a model is built they are what they would have been.
        """
        model = self._model
        for owned in (
            model.variables,
            model.metrics_variables,
            untracked_variables(model),
            *(optimizer.variables for optimizer in optimizers_of(model)),
        ):
            for variable in owned:
                self._copy(variable)

    def restore(self):
        """Puts everything back, also after an exception out of `fit`."""
        model = self._model
        for variable, values in self._values.values():
            fill_if_empty(variable, values)
        model.__dict__.pop("train_step", None)
        active_fit(model)
        for variable, values in self._values.values():
            write_copies(variable, values)
        self._unbuilt.restore()
        self._reset_new_metrics()
        self._attributes.restore()
        self._torch.restore()
        self._random.restore()

    def _copy(self, variable):
        if id(variable) not in self._values:
            self._values[id(variable)] = (variable, read_copies(variable))

    def _reset_new_metrics(self):
        for metric in self._model.metrics:
            if any(id(v) not in self._values for v in metric.variables):
                metric.reset_state()
