"""Validation of the Monte Carlo average during `fit`."""

import math
import random

import keras
import numpy as np

from keras_trainkit.backend.devices.distribution import refuse_processes
from keras_trainkit.backend.devices.distribution import refuse_to_be_worker
from keras_trainkit.backend.devices.distribution import refuse_workers
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.probability.probabilities import class_labels
from keras_trainkit.kernels.probability.probabilities import class_probabilities
from keras_trainkit.models.inference_undone import inference_undone
from keras_trainkit.uncertainty import mc_predict
from keras_trainkit.uncertainty import metrics
from keras_trainkit.uncertainty.labelled_data import require_labelled_data

_METRICS = ("accuracy", "nll", "ece")


class MCEvaluation(keras.callbacks.Callback):
    """Logs how good the Monte Carlo average is, beside the plain prediction.

    Dropout may be worth keeping on at prediction, or not; that depends on
    rate and training, and shows in the probabilities before it shows in the
    accuracy. Every `every` epochs the data is predicted as usual and as the
    mean of `samples` predictions with dropout (`uncertainty.mc_predict`),
    and six values are added to the logs, and so to `history`:

    ```
    val_plain_accuracy   val_plain_nll   val_plain_ece
    val_mc_accuracy      val_mc_nll      val_mc_ece
    ```

    `nll` is the mean negative log-likelihood in nats, `ece` the expected
    calibration error in 15 bins (`uncertainty.metrics`).

    The first epoch of the `fit` is evaluated, every `every`-th after it and
    the last one. In the epochs between the values are NaN, so that the lists
    of `history` keep one entry for each epoch. Callbacks that monitor a value
    must be listed after this one; to them NaN is no improvement, so give
    `EarlyStopping` a `patience` of at least `every`, and a `mode`, which
    Keras cannot tell from these names, "accuracy" excepted.

    Training goes on as if the callback were not there, bit for bit: weights,
    statistics, seed generators and the global random states are put back.
    All evaluations use the same seed, so that differences between epochs are
    not those of the draws.

    With layers such as `layers.MCDropout`, which always drop, the plain
    prediction is what `predict` gives, a single sample.

    Args:
        x: The inputs to validate on: an array, or a list or dict of arrays.
        y: Their labels, integers of shape `(N,)` or `(N, 1)`, or one-hot. Or
            soft targets, such as smoothed labels, see `uncertainty.metrics`:
            `nll` weights the logarithms by them, and for `accuracy` and `ece`
            the most probable class is the label.
        samples: Integer of at least 2, predictions to average. Defaults to
            30.
        every: Integer above 0, epochs from one evaluation to the next.
            Defaults to 1.
        batch_size: Integer above 0. Defaults to 32.
        seed: Integer of at least 0, the seed of the samples. Defaults to one
            that follows from the state of Python's `random` when `fit`
            starts (`keras.utils.set_random_seed` sets it), without drawing
            from it.
        from_logits: Whether the model ends without softmax or sigmoid.
            Defaults to `False`.

    Raises:
        ValueError: At construction for numbers out of range, and for `x` and
            `y` that do not fit each other or are no labels, or soft targets
            in which no class is the most probable; at the start of
            `fit` for a model with several outputs; at the end of the first
            epoch if it drops nothing, or its outputs are no probabilities
            of the labels' classes; if another callback logs the same names.
        TypeError: For arguments of another type.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((2,)),
    ...         keras.layers.Dropout(0.5),
    ...         keras.layers.Dense(3, activation="softmax"),
    ...     ]
    ... )
    >>> model.compile("sgd", "sparse_categorical_crossentropy")
    >>> x, y = np.ones((8, 2), "float32"), np.arange(8) % 3
    >>> mc = ktk.callbacks.MCEvaluation(x, y, samples=5, every=2)
    >>> history = model.fit(x, y, epochs=4, verbose=0, callbacks=[mc]).history
    >>> [bool(np.isnan(value)) for value in history["val_mc_nll"]]
    [False, True, False, False]

    Reference:

    - [Gal and Ghahramani, 2016](https://arxiv.org/abs/1506.02142)
    - [Guo et al., 2017](https://arxiv.org/abs/1706.04599)
    """

    def __init__(
        self,
        x,
        y,
        samples=30,
        every=1,
        batch_size=32,
        seed=None,
        from_logits=False,
    ):
        super().__init__()
        refuse_to_be_worker(type(self).__name__)
        require_integer("samples", samples, 2)
        require_integer("every", every, 1)
        require_integer("batch_size", batch_size, 1)
        if seed is not None:
            require_integer("seed", seed, 0)
        require_choice("from_logits", from_logits, (True, False))
        require_labelled_data(x, y)
        self.x = x
        self.y = y
        self.samples = samples
        self.every = every
        self.batch_size = batch_size
        self.seed = seed
        self.from_logits = from_logits

    def on_train_begin(self, logs=None):
        """Fixes the seed of this `fit`."""
        refuse_workers(self.model, type(self).__name__)
        refuse_processes(
            type(self).__name__,
            "the predictions of Keras's `predict` cannot be read there",
        )
        _check_outputs(len(getattr(self.model, "outputs", None) or [0]))
        self._first = None
        self._seed = _follow_up() if self.seed is None else self.seed

    def on_epoch_begin(self, epoch, logs=None):
        """Notes where this `fit` begins."""
        if self._first is None:
            self._first = epoch

    def on_epoch_end(self, epoch, logs=None):
        """Evaluates, if it is this epoch's turn, and adds to the logs."""
        logs = {} if logs is None else logs
        taken = sorted(set(logs) & set(self._names()))
        if taken:
            raise bad_value(
                "callbacks",
                f"two that log {taken}",
                "such that one of them is an MCEvaluation",
                "Evaluate other data after `fit`.",
            )
        last = epoch == self.params["epochs"] - 1
        due = last or (epoch - self._first) % self.every == 0
        values = self._evaluate() if due else [math.nan] * 6
        logs.update(zip(self._names(), values, strict=True))

    def on_train_end(self, logs=None):
        """Forgets the run."""
        del self._first, self._seed

    def _names(self):
        kinds = ("plain", "mc")
        return [f"val_{kind}_{name}" for kind in kinds for name in _METRICS]

    def _evaluate(self):
        model = self.model
        asked = {"x": self.x, "batch_size": self.batch_size}
        with inference_undone(model):
            plain = model.predict(**asked, verbose=0)
            _check_outputs(len(keras.tree.flatten(plain)))
            binary = plain.ndim < 2 or plain.shape[-1] == 1
            if self.from_logits:
                squash = keras.ops.sigmoid if binary else keras.ops.softmax
                plain = keras.ops.convert_to_numpy(squash(plain))
            values = self._measures(plain)
            sampled = mc_predict(
                model,
                **asked,
                samples=self.samples,
                seed=self._seed,
                from_logits=self.from_logits,
                kind="binary" if binary else "classification",
            )
        return [*values, *self._measures(sampled.mean)]

    def _measures(self, predicted):
        # Of one precision, since the likelihood is cut off at its epsilon.
        predicted = np.asarray(predicted, "float32")
        columns = class_probabilities(predicted, "predict(x)")
        labels = class_labels(self.y, *columns.shape, "y")
        return (
            float(np.mean(columns.argmax(axis=1) == labels)),
            metrics.negative_log_likelihood(self.y, predicted),
            metrics.expected_calibration_error(labels, predicted),
        )


def _follow_up():
    """Returns what `random` would draw next, and leaves it to be drawn."""
    generator = random.Random()
    generator.setstate(random.getstate())
    return generator.randrange(2**31)


def _check_outputs(outputs):
    if outputs != 1:
        raise bad_value(
            "model",
            f"a model with {outputs} outputs",
            "a model with one output",
            "Predict several with `uncertainty.mc_predict` after `fit`.",
        )
