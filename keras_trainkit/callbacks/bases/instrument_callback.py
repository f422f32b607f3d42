"""What every callback with an instrument in the train step does in a `fit`."""

from functools import partial

import keras

from keras_trainkit.backend.devices.data_parallel import refuse_ranks
from keras_trainkit.backend.devices.distribution import refuse_impossible
from keras_trainkit.backend.devices.distribution import refuse_to_be_worker
from keras_trainkit.backend.model.building import built_in_first_step
from keras_trainkit.backend.model.layers import is_built
from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.backend.training.instrumented_step import instrumented_step
from keras_trainkit.backend.training.instrumented_step import refuse_replicas
from keras_trainkit.backend.training.kept_steps import KeptStep
from keras_trainkit.backend.training.kept_steps import kept_steps
from keras_trainkit.backend.training.running_fit import RunningFit
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.probing.instrumented_fit import add_instrument
from keras_trainkit.probing.instrumented_fit import remove_instrument
from keras_trainkit.probing.instrumented_fit import require_in_step
from keras_trainkit.scheduling.active_fit import active_fit
from keras_trainkit.scheduling.before_first_step import BeforeFirstStep
from keras_trainkit.scheduling.trainable_set import build_optimizer


class InstrumentCallback(keras.callbacks.Callback):
    """Base of the callbacks that look into the compiled step.

    A subclass says in `make_instrument` what looks; when it is in the step,
    and that nothing of it stays, is said here, once.
    """

    def __init__(self):
        super().__init__()
        refuse_to_be_worker(type(self).__name__)
        self.params = {}  # a custom loop may not set any
        self._instrument = self._instrumented = self._unbuilt = None

    def make_instrument(self, model):
        """Returns an instrument: see `backend`'s `InstrumentedStep`."""
        raise NotImplementedError

    def is_ready(self, model):
        """Whether all is built that the instrument needs."""
        return is_built(model) and bool(model.weights)

    def can_be_used_again(self, instrument, model):
        """Whether the instrument of an earlier `fit` fits this one."""
        return True

    def on_train_begin(self, logs=None):
        """Puts the instrument into the train step."""
        refuse_ranks(
            self,
            "It acts inside the `train_step` that `fit` calls, which a "
            "DistributedDataParallel loop does not use",
            f"Leave {self._owner} out, or train in one process.",
        )
        refuse_impossible(self)
        model = self.model
        refuse_replicas(model, self._owner)
        anatomy.innermost(model.optimizer)
        self._running = RunningFit()
        self._unbuilt = None
        if self.is_ready(model):
            self._put_in()
        elif built_in_first_step():
            self._unbuilt = BeforeFirstStep(model, self._put_in_late)
        else:
            raise bad_value(
                "model",
                model.name,
                f"built before the training with {self._owner}",
                "Call it on a batch of data, so that its layers are known.",
            )

    def on_epoch_begin(self, epoch, logs=None):
        """Notes which loop the epochs belong to."""
        self._running.go_on()

    def on_train_batch_begin(self, batch, logs=None):
        """Comes before the step in which TensorFlow would build the model."""
        if self._unbuilt is not None:
            self._unbuilt.stand_by()
        else:
            require_in_step(self._model, self._instrument, self._owner)

    def on_train_end(self, logs=None):
        """Gives the model its own train step back."""
        self._unbuilt = None
        if self._instrument is not None:
            remove_instrument(self.model, self._instrument)

    @property
    def _owner(self):
        return type(self).__name__

    def _put_in_late(self):
        self._unbuilt = None
        self._put_in()

    def _put_in(self):
        model = self._model
        if not model.trainable_variables:
            raise bad_value(
                "model",
                model.name,
                f"one that trains, with {self._owner}: nothing is trainable",
                "Unfreeze a layer, or leave the callback out.",
            )
        build_optimizer(model)
        again = self._instrumented is model and self.can_be_used_again(
            self._instrument, model
        )
        if not again:
            self._instrument = self.make_instrument(model)
            self._instrumented = model
        _keep_plain_step(model)
        add_instrument(
            model, self._instrument, self._running, partial(remake, model)
        )


def remake(model):
    """Makes the train function of a model anew, with the curves it is under."""
    run = active_fit(model)
    if run is not None:
        run.follow_model()
    else:
        kept_steps(model).put_plain_anew()


def _keep_plain_step(model):
    """Lets the model's own step, if it was compiled, be found again."""
    if active_fit(model) is None and instrumented_step(model) is None:
        kept = kept_steps(model)
        if model.train_function is not None:
            kept.keep((), KeptStep(model.train_function))
