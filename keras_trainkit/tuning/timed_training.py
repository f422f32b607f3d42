"""Training a model for some seconds, without what comes before."""

import time

import keras

from keras_trainkit.backend.training.batch_loss import each_batch_alone
from keras_trainkit.scheduling.snapshot import TrainingSnapshot

_WARM_UP = 2
# It ends by the clock.
_EPOCHS = 10**9


class TimedTraining:
    """Trains a model for equal times, each from the state that it has now.

    Args:
        model: A compiled and built `keras.Model`.
        rows: The `ArrayRows` that it trains on.
        seconds: Float, for how long.
    """

    def __init__(self, model, rows, seconds):
        self._model, self._rows, self._seconds = model, rows, seconds

    def run(self, batch_size, rate, seed, score):
        """Trains for the time, and leaves no trace.

        The step is made before, on batches of this size; an epoch has only
        whole batches, as a shorter one would have it compiled once more. The
        rows that are left out are drawn by the seed.

        Args:
            batch_size: Integer.
            rate: Float, the learning rate, or `None`: that of the model.
            seed: Integer, which decides on all that is random.
            score: Callable that is given the batch size when time is over.

        Returns:
            Tuple of the steps made, the seconds they took, and what `score`
            has returned.
        """
        model = self._model
        before = TrainingSnapshot(model)
        # It has seen metrics that will be unbuilt again.
        evaluates, model.test_function = model.test_function, None
        try:
            with each_batch_alone(model):
                self._make_step(batch_size)
                if rate is not None:
                    model.optimizer.learning_rate = rate
                keras.utils.set_random_seed(seed)
                whole = self._rows.count // batch_size * batch_size
                clock = _Clock(self._seconds)
                rows = self._rows.drawn(whole, seed)
                self._fit(rows, batch_size, _EPOCHS, [clock])
                return clock.steps, clock.elapsed, score(batch_size)
        finally:
            before.restore()
            model.test_function = evaluates

    def _make_step(self, batch_size):
        """Leaves the model as it is, but with a compiled step."""
        model = self._model
        # A snapshot would make unbuilt again what the step has seen built.
        model.optimizer.build(model.trainable_variables)
        model.evaluate(**self._rows.first(1), verbose=0)
        unmoved = TrainingSnapshot(model)
        try:
            rows = self._rows.first(batch_size)
            self._fit(rows, batch_size, _WARM_UP, [])
            step = model.train_function
        finally:
            unmoved.restore()
        model.train_function = step

    def _fit(self, rows, batch_size, epochs, callbacks):
        self._model.fit(
            **rows,
            batch_size=batch_size,
            epochs=epochs,
            verbose=0,
            callbacks=callbacks,
        )


class _Clock(keras.callbacks.Callback):
    """Ends `fit` after some seconds, counted from its first step."""

    def __init__(self, seconds):
        super().__init__()
        self.steps, self.elapsed = 0, 0.0
        self._seconds, self._began = seconds, None

    def set_model(self, model):
        super().set_model(model)
        # `self.model` would bring JAX's state back to the variables each time.
        self._timed = self.model

    def on_train_batch_begin(self, batch, logs=None):
        if self._began is None:
            self._began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        float(logs["loss"])  # Waits for the step where it runs beside us.
        self.steps += 1
        self.elapsed = time.perf_counter() - self._began
        if self.elapsed >= self._seconds:
            self._timed.stop_training = True
