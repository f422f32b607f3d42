"""Norms of gradients and updates, measured inside the compiled step."""

import os

import numpy as np

from keras_trainkit.backend.devices.process import is_main_process
from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.backend.training.batch_loss import batches_counted
from keras_trainkit.backend.training.scalar_log import ScalarLog
from keras_trainkit.callbacks.bases.instrument_callback import (
    InstrumentCallback,
)
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.gradient_ratios import MEASURES
from keras_trainkit.kernels.gradient_ratios import measures
from keras_trainkit.plots.layer_curves import plot_layer_curves
from keras_trainkit.probing.gradient_norms import GradientNorms
from keras_trainkit.probing.instrumented_fit import undone_batches


class GradientMonitor(InstrumentCallback):
    """Measures gradients and updates inside the compiled step, at every update.

    Whether a network learns slowly because its gradients vanish, explode, or
    because the learning rate is wrong cannot be seen from the loss. This
    measures what the optimizer is given and what it makes of it, in the step
    itself, on every backend. With the gradients `g` of a layer as the
    optimizer gets them (loss scaling undone, accumulated batches averaged),
    its weights `w` before an update, and the change `u` that the optimizer
    makes (weight decay included, constraints not), the logs of an epoch hold

    | name | value |
    |---|---|
    | `gradient_norm` | mean of `‖g‖₂` over the updates of the epoch |
    | `clipped_gradient_norm` | the same after the optimizer's clipping |
    | `gradient_norm_max` | the largest `‖g‖₂` |
    | `gradient_to_weight` | mean of `‖g‖₂` over mean of `‖w‖₂` |
    | `update_to_weight` | mean of `‖u‖₂` over mean of `‖w‖₂` |

    over all weights that train. The same for every layer is in `layers`. A
    common rule of thumb is an `update_to_weight` near 0.001. Where no update
    was made, as in a layer that is frozen, the value is NaN. Nothing of the
    training is changed; but a step that is compiled with more in it may round
    differently in the last digit.

    List it before `keras.callbacks.TensorBoard` and `CSVLogger`: these write
    what the logs hold when they are called.

    Args:
        log_dir: Directory for TensorBoard, where the values of every layer are
            written, too, at each epoch. Needs TensorFlow, whatever the
            backend. Defaults to `None`: nothing is written.

    Attributes:
        layers: `{path: {name: list}}`, one value an epoch of the latest `fit`
            for each layer that owns weights.
        totals: `{name: list}`, the same for all layers together.

    Raises:
        ValueError: At the start of `fit` for a model that is not built (but
            on TensorFlow), or in which nothing trains, with several replicas,
            or a `train_step` that is compiled by hand; at the end of an epoch
            with updates by something other than `model.optimizer`.
        TypeError: For a `log_dir` that is no path; with a model in
            `DistributedDataParallel`.
        ImportError: With `log_dir` where TensorFlow is not installed.

    Example:

    >>> model = keras.Sequential(
    ...     [keras.Input((2,)), keras.layers.Dense(1, name="head")]
    ... )
    >>> model.compile(keras.optimizers.SGD(0.1, clipnorm=0.5), "mse")
    >>> model.set_weights([np.array([[3.0], [4.0]]), np.zeros(1)])
    >>> monitor = ktk.callbacks.GradientMonitor()
    >>> history = model.fit(
    ...     np.ones((4, 2)), np.ones((4, 1)), verbose=0, callbacks=[monitor]
    ... )
    >>> round(history.history["gradient_norm"][0], 3)
    20.785
    >>> round(history.history["clipped_gradient_norm"][0], 3)
    0.707
    >>> [round(v, 4) for v in monitor.layers["head"]["update_to_weight"]]
    [0.0141]

    Reference:

    - [Glorot and Bengio, 2010](https://proceedings.mlr.press/v9/glorot10a.html)
    """

    def __init__(self, log_dir=None):
        super().__init__()
        if not isinstance(log_dir, (str, os.PathLike, type(None))):
            raise bad_type("log_dir", log_dir, "the path of a directory")
        self.log_dir = log_dir
        self.layers, self.totals = {}, {}
        self._log = None

    def make_instrument(self, model):
        """Returns what measures in the step."""
        return GradientNorms(model)

    def can_be_used_again(self, instrument, model):
        """Whether the model's layers are those of the `fit` before."""
        return instrument.fits(model)

    def on_train_begin(self, logs=None):
        """Begins to measure."""
        self.layers, self.totals = {}, {}
        if self.log_dir is not None and is_main_process():
            self._log = ScalarLog(self.log_dir)
        super().on_train_begin(logs)
        self._counted = None

    def on_epoch_begin(self, epoch, logs=None):
        """Begins the means of an epoch."""
        super().on_epoch_begin(epoch, logs)
        self._batches = 0
        self._counted = batches_counted(self.model)
        self._undone = undone_batches(self.model)
        if self._unbuilt is None:
            self._instrument.begin()

    def on_train_batch_end(self, batch, logs=None):
        """Notes that a step was made."""
        self._batches += 1

    def on_epoch_end(self, epoch, logs=None):
        """Adds the epoch's values to the logs."""
        if self._unbuilt is not None or self._counted is None:
            raise self._not_applied("no call of the model's train function")
        self._require_all_updates()
        means, peaks = self._instrument.read()
        if not self._instrument.updates():
            means = np.full_like(means, np.nan)
        values = measures(means, peaks)
        for i, path in enumerate(self._instrument.paths):
            self._add(self.layers.setdefault(path, {}), values, i)
        self._add(self.totals, values, -1)
        if logs is not None:
            logs.update({name: self.totals[name][-1] for name in MEASURES})
        if self._log is not None:
            self._write(epoch)

    def on_train_end(self, logs=None):
        """Gives the model its own train step back."""
        super().on_train_end(logs)
        if self._log is not None:
            self._log.close()
            self._log = None

    def plot(self, measure="gradient_norm", ax=None):
        """Draws a value of every layer over the epochs; needs matplotlib.

        Args:
            measure: One of the names above. Defaults to `"gradient_norm"`.
            ax: Axes to draw on. Defaults to `None`: new ones.

        Returns:
            The matplotlib Axes.

        Raises:
            ValueError: Before the first epoch of a `fit` has ended.
        """
        require_choice("measure", measure, MEASURES)
        if not self.totals:
            raise ValueError(
                f"Expected a `fit` with this {self._owner} before `plot()`. "
                "Received: a callback without a value."
            )
        layers = {path: held[measure] for path, held in self.layers.items()}
        total = self.totals[measure]
        return plot_layer_curves(layers, total, measure, ax)

    def _add(self, lists, values, place):
        for name in MEASURES:
            value = float(values[name][place])
            lists.setdefault(name, []).append(value)

    def _write(self, epoch):
        for path, lists in (("all", self.totals), *self.layers.items()):
            for name, held in lists.items():
                self._log.write(f"{name}/{path}", held[-1], epoch)
        self._log.flush()

    def _require_all_updates(self):
        """Raises where the optimizer updated what was not measured."""
        optimizer = anatomy.innermost(self.model.optimizer)
        steps = anatomy.accumulation_steps(optimizer)
        now = batches_counted(self.model)
        made = now // steps - self._counted // steps
        if made != self._instrument.updates():
            raise self._not_applied(
                f"{made} updates, {self._instrument.updates()} of them in "
                "Keras's own step"
            )
        skips = anatomy.skips_updates(self.model.optimizer)
        # With several steps in an execution a call is more than one batch.
        undone = undone_batches(self.model) - self._undone
        some = self._batches > undone
        if some and now == self._counted and not skips:
            raise self._not_applied(
                "batches without any update: the train step has optimizers "
                "of its own (a GAN's), or does not call the optimizer"
            )

    def _not_applied(self, received):
        return bad_value(
            "model.optimizer",
            type(self.model.optimizer).__name__,
            f"applied by the model's `train_step` in a call of its train "
            f"function, where {self._owner} measures",
            f"In this epoch there were: {received}.",
        )
